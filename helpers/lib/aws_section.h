/* What a [section] of the two AWS files is.  Pure; as botocore's configloader.build_profile_map. */
#ifndef CREDRELAY_HELPERS_AWS_SECTION_H
#define CREDRELAY_HELPERS_AWS_SECTION_H

#include <stdbool.h>
#include <stddef.h>

enum aws_section {
    SECTION_PROFILE,  /* [default], [profile NAME]; in the credentials file every [NAME] */
    SECTION_SERVICES, /* [services NAME] */
    SECTION_DEFAULTS, /* [DEFAULT]: for every section that does not say otherwise */
    SECTION_OTHER     /* [sso-session NAME], [plugins], what nobody knows */
};

/* A profile's name is a person's; longer ones are of SECTION_OTHER. */
#define AWS_SECTION_NAME_SIZE 256

/* HEADER: between the brackets.  CREDENTIALS: it stands in the credentials file. */
enum aws_section aws_section_read(const char *header, bool credentials,
                                  char name[AWS_SECTION_NAME_SIZE]);

#endif
