/* How Claude Code says that it failed: recorded from versions 0.2.126 to 2.1.300 (tests/corpus),
 * and widened to the families those wordings belong to, since they change with every few versions.
 * A family must begin with words an answer hardly begins with: what begins like one is held back. */
#include "tool/failure.h"

#define TOKEN         "[OAuth |][access |refresh |auth |][token|session|login|credentials]"
#define LOGIN_COMMAND "[`|'|][/login|claude /login|claude auth login|claude login][`|'|]"

static const struct failure_form forms[] = {
    /* Another credential than the login. */
    {"Invalid API key~Fix external API key", THEN_LINE, FAILURE_OVERRIDDEN},
    {"Your [ANTHROPIC_API_KEY|ANTHROPIC_AUTH_TOKEN|CLAUDE_CODE_OAUTH_TOKEN] ", THEN_LINE,
     FAILURE_OVERRIDDEN},

    /* The account or its organization may not. */
    {"Your organization [has|does not|doesn't|is|requires] ", THEN_LINE, FAILURE_FORBIDDEN},
    {"This organization [has been|is] disabled", THEN_LINE, FAILURE_FORBIDDEN},
    {"OAuth authentication is [currently |]not allowed", THEN_LINE, FAILURE_FORBIDDEN},
    {"Your account [has been|is] [disabled|suspended]", THEN_LINE, FAILURE_FORBIDDEN},
    {"Your account does not have access to Claude Code", THEN_CLAUSE, FAILURE_FORBIDDEN},
    /* From 2.1.100 to 2.1.200 this is what a revoked token prints. */
    {"Your account does not have access to Claude", THEN_CLAUSE, FAILURE_LAPSED},

    /* A server answered: the status says. */
    {"[API |]Error: [HTTP |Request failed with status code |]", THEN_STATUS, FAILURE_OTHER},
    {"API Error (", THEN_STATUS, FAILURE_OTHER},
    {"Request failed with status code ", THEN_STATUS, FAILURE_OTHER},

    /* Nothing usable in the file. */
    {"[You are |You're |Error: |]not [logged in|signed in|authenticated]", THEN_CLAUSE,
     FAILURE_LAPSED},
    {"You [must|need to] [log in|login|sign in]", THEN_CLAUSE, FAILURE_LAPSED},
    {"[Login|Authentication] required", THEN_CLAUSE, FAILURE_LAPSED},
    {"[Logged|Signed] out", THEN_CLAUSE, FAILURE_LAPSED},
    {"No [valid |][login|credentials|OAuth token][ found|]", THEN_CLAUSE, FAILURE_LAPSED},
    {"Credentials not found", THEN_CLAUSE, FAILURE_LAPSED},
    {"[Error: |]Invalid [API key|bearer token]", THEN_CLAUSE, FAILURE_LAPSED},
    {"[Error: |]Invalid [or expired |]" TOKEN, THEN_CLAUSE, FAILURE_LAPSED},

    /* The login is over. */
    {"[Your |The |This |][Claude |Claude Code |account |]" TOKEN
     " [has |have |is |are |was |were |][been |]"
     "[expired|revoked|invalid|not valid|no longer valid|rejected|logged out]"
     "[ and could not be refreshed| and cannot be refreshed| and cannot be renewed| or revoked|"
     " or invalid|]",
     THEN_CLAUSE, FAILURE_LAPSED},
    {"[Your |The |This |]" TOKEN " [has |]reached its time limit", THEN_LINE, FAILURE_LAPSED},

    /* What was tried, and then one of the above, or a reason in words not known yet. */
    {"[Failed to|Could not|Unable to] authenticate", THEN_CLAUSE, FAILURE_LAPSED},
    {"[Failed to|Could not|Unable to] authenticate~", THEN_LINE, FAILURE_LAPSED},
    {"[Failed to|Could not|Unable to] refresh [the |your |]" TOKEN, THEN_CLAUSE, FAILURE_LAPSED},
    {"[Failed to|Could not|Unable to] refresh [the |your |]" TOKEN "~", THEN_LINE, FAILURE_LAPSED},
    {TOKEN " refresh failed", THEN_CLAUSE, FAILURE_LAPSED},
    {TOKEN " refresh failed~", THEN_LINE, FAILURE_LAPSED},
    {"[OAuth |]Authentication [failed|error]", THEN_CLAUSE, FAILURE_LAPSED},
    {"[401 |]Unauthorized", THEN_CLAUSE, FAILURE_LAPSED},

    /* Anything else of these that ends with the advice. */
    {"[OAuth|Login|Credentials|Token|Authentication|Access denied] ", THEN_ASKS, FAILURE_LAPSED},

    /* Advice, first or last. */
    {"[Please |][run|use] " LOGIN_COMMAND "[ again|]", THEN_CLAUSE, FAILURE_LAPSED},
    {"[Please |][run|use] " LOGIN_COMMAND " [to|and|or] ", THEN_LINE, FAILURE_LAPSED},
    {"[Please |][log in|login|sign in|re-authenticate|reauthenticate|authenticate][ again|]",
     THEN_CLAUSE, FAILURE_LAPSED},
    {"[Please |][log in|login|sign in|re-authenticate|reauthenticate] again "
     "[to|and|or|with|using|via] ",
     THEN_LINE, FAILURE_LAPSED},
    {"Please obtain a new token", THEN_LINE, FAILURE_LAPSED},
    {0},
};

static const struct failure_status statuses[] = {
    {401, FAILURE_LAPSED, ""},
    /* A proxy's page is nobody's login, whatever it says. */
    {403, FAILURE_OTHER, "<html"},
    {403, FAILURE_OTHER, "<!doctype"},
    {403, FAILURE_LAPSED, "token revoked"},
    {403, FAILURE_LAPSED, "token has been revoked"},
    {403, FAILURE_LAPSED, "token was revoked"},
    {403, FAILURE_LAPSED, "session has been revoked"},
    {403, FAILURE_LAPSED, "log in again"},
    {403, FAILURE_LAPSED, "login again"},
    {403, FAILURE_FORBIDDEN, "this organization"},
    {403, FAILURE_FORBIDDEN, "your organization"},
    {403, FAILURE_FORBIDDEN, "organization has"},
    {400, FAILURE_FORBIDDEN, "organization has been disabled"},
    {400, FAILURE_LAPSED, "invalid_grant"},

    /* Reasons given in a line, without a status. */
    {0, FAILURE_OTHER, "another Claude Code process"},
    {0, FAILURE_OTHER, "transient"},
    {0, FAILURE_OTHER, "temporary"},
    {0, FAILURE_OTHER, "timed out"},
    {0, FAILURE_OTHER, "timeout"},
    {0, FAILURE_OTHER, "connect"},
    {0, FAILURE_OTHER, "network"},
    {0, FAILURE_OTHER, "rate limit"},
    {0, FAILURE_OTHER, "overloaded"},
    {0, FAILURE_FORBIDDEN, "this organization"},
    {0, FAILURE_FORBIDDEN, "organization has"},
    {0, FAILURE_FORBIDDEN, "organization does"},
    {0, FAILURE_OVERRIDDEN, "external API key"},
    {0, FAILURE_LAPSED, ""},
    {0},
};

/* `error` of assistant lines (from 2.0.60) and of api_retry; "unknown" says nothing. */
static const struct failure_kind kinds[] = {
    {"authentication_failed", FAILURE_LAPSED},
    {"authentication_error", FAILURE_LAPSED},
    {"oauth_org_not_allowed", FAILURE_FORBIDDEN},
    {"billing_error", FAILURE_OTHER},
    {"rate_limit", FAILURE_OTHER},
    {"overloaded", FAILURE_OTHER},
    {"server_error", FAILURE_OTHER},
    {"invalid_request", FAILURE_OTHER},
    {"model_not_found", FAILURE_OTHER},
    {"max_output_tokens", FAILURE_OTHER},
    {0},
};

static const char *const advice[] = {"/login", "log in again", "login again", "sign in again",
                                     NULL};

/* `apiKeySource` of the init line; "none" is the login. */
static const char *const key_sources[] = {"ANTHROPIC_API_KEY", "apiKeyHelper", NULL};

const struct failure_table claude_failures = {
    .forms = forms,
    .statuses = statuses,
    .kinds = kinds,
    .advice = advice,
    .key_sources = key_sources,
};
