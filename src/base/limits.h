/* Every bound of the program, with its reason.  A buffer gets its limit at birth (buf_init),
 * and what does not fit is an error with a sentence, never a truncation. */
#ifndef CREDRELAY_BASE_LIMITS_H
#define CREDRELAY_BASE_LIMITS_H

/* A credentials file.  300 KB of mcpOAuth beside the login has been seen. */
#define LIMIT_LOGIN_FILE (8u << 20)

/* The relayed part by itself.  Parameter Store takes 8 KiB; other stores more. */
#define LIMIT_LOGIN (64u << 10)

/* One line of the store protocol, either way: the value, JSON-escaped, and a history. */
#define LIMIT_STORE_LINE (1u << 20)

/* What a helper may say on stderr before the rest is dropped. */
#define LIMIT_HELPER_STDERR (4u << 10)

/* A configuration file. */
#define LIMIT_CONFIG (256u << 10)

/* What the description of a tool holds once it is read; that of claude has 5 KB. */
#define LIMIT_TOOL_TEXT (32u << 10)

/* A member of a tool's output that is looked for, with its final NUL. */
#define LIMIT_JSON_PATH 64

/* A unit of a service manager: PATH and a few dozen variables. */
#define LIMIT_UNIT (64u << 10)

/* State of one relay: 100 fingerprints of 64 digits and their versions. */
#define LIMIT_STATE (64u << 10)

/* What the watcher says of itself: 32 relays, each with a failure of up to 1.2 KB. */
#define LIMIT_WATCH_STATE (128u << 10)
/* The incident of one relay: 16 messages of 1 KB that no channel takes, and what stands. */
#define LIMIT_INCIDENT    (256u << 10)

/* What a person is told in one message: 1 KB, and the last events. */
#define LIMIT_ALERT_TEXT (16u << 10)

/* The same as it is sent, in JSON or as an e-mail: every byte may become six. */
#define LIMIT_ALERT_BODY (128u << 10)

/* One line of events.jsonl, with a newline on either side: below PIPE_BUF-like sizes that file
 * systems append whole. */
#define LIMIT_EVENT (4u << 10)

/* Rotated files of the log: what `log-keep` may ask for. */
#define LIMIT_LOG_FILES 100

/* What a command shows with --json: a status of MOST_RELAYS relays, each with all its sentences. */
#define LIMIT_SHOWN (512u << 10)

/* Output of a run that is held back while it may still be a failure. */
#define LIMIT_HELD (1u << 20)

/* A failure printed as text: the longest recorded is 300 bytes; error bodies may be longer. */
#define LIMIT_FAILURE_TEXT (16u << 10)

/* A failure printed as one line of text, however the line ends: more is an answer. */
#define LIMIT_FAILURE_LINE (1u << 10)

/* What a message or the log quotes of a failure, with its final NUL. */
#define LIMIT_EXCERPT 240

/* A session to resume, with its final NUL; clients use UUIDs (36). */
#define LIMIT_SESSION_ID 72

/* Standard input kept for a retry when it is a pipe. */
#define LIMIT_SPOOL      (64u << 20)
#define LIMIT_SPOOL_TEXT "64 MiB"

/* An invitation, its line and what is in it: about 900 bytes with two keys; every setting at its
 * longest makes 12 KB of base64. */
#define LIMIT_INVITATION (16u << 10)

/* What a file of --passphrase-file may hold. */
#define LIMIT_PASSPHRASE 1024

/* What a command says of one of its steps, with two paths in it. */
#define LIMIT_STEP (10u << 10)

/* Nesting of any JSON we read; the deepest seen in a credentials file is 6. */
#define LIMIT_JSON_DEPTH 64

/* Descriptors that a process left behind closes one by one; systems allow 256 to 1,048,576. */
#define LIMIT_DESCRIPTORS 65536

/* A path, with its final NUL. */
#define LIMIT_PATH 4096

#endif
