/* Claude Code.  Observed on versions 0.2.126 to 2.1.330; see docs/claude.md for the facts. */
#include "tool/tool.h"

#include <stddef.h>

/* `claude auth status` must never be run: up to 2.0.77 it is sent to the model as a prompt, from
 * 2.1.200 it spends the refresh token without saving the new one.  A minimal run refreshes and
 * saves in every version. */
static const char *const renew[] = {"claude", "-p", "ok", NULL};

static const char *const overrides[] = {
    "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY", "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_KEY",       "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_PROFILE",       NULL,
};

const struct tool tool_claude = {
    .name = "claude",
    .product = "Claude Code",
    .program = "claude",
    .login_command = "claude /login",
    .renew = renew,
    .folder_env = "CLAUDE_CONFIG_DIR",
    .folder = ".claude",
    .file = ".credentials.json",
    .part = "claudeAiOauth",
    .access = "accessToken",
    .refresh = "refreshToken",
    .expires = "expiresAt",
    .deadline = "refreshTokenExpiresAt",
    .required_array = "scopes",
    .overrides = overrides,
    .settings = "settings.json",
    .helper = "apiKeyHelper",
    .print_short = "-p",
    .print_long = "--print",
    .format_option = "--output-format",
    .failures = &claude_failures,
};
