"""What the client says when it fails, by version: the texts of recorded runs.

A row has one text for each known version; the text is the result, and the whole of stdout in text
format.  The word after it is `error` in stream-json.
"""
KNOWN = ((2, 1, 0), (2, 1, 100), (2, 1, 200), (2, 1, 300))
V0, V100, V200, V300 = range(4)  # indices into KNOWN and into every row

GATEWAY = (". This is a server-side issue, usually temporary — try again in a moment. "
           "If it persists, check your inference gateway ({host}).")
MODEL = ("There's an issue with the selected model ({model}). It may not exist or you may not have "
         "access to it. Run --model to pick a different model.")
LIMITED = ("API Error: Server is temporarily limiting requests (not your usage limit) · {message}")
NO_ACCESS = "Your {} does not have access to Claude. Please login again or contact your administrator."
ORG_DISABLED = ("Your organization has disabled Claude subscription access for Claude Code · Use an "
                "Anthropic API key instead, or ask your admin to enable access")
LOCK_BUSY = ("Failed to refresh OAuth token: another Claude Code process is refreshing it or exited "
             "mid-refresh. This is usually transient; retry in a minute, and if it persists close "
             "other Claude Code processes or sign in again")

AUTH = ("authentication_failed",) * 4
SERVER = ("unknown", "unknown", "server_error", "server_error")

# failure: (texts, errors)
FAILURES = {
    "not-logged-in": (("Invalid API key · Please run /login",
                       *("Not logged in · Please run /login",) * 3), AUTH),
    # Empty tokens in the file: only the newest tells them from no login.
    "blank": (("Invalid API key · Please run /login", *("Not logged in · Please run /login",) * 2,
               "Failed to authenticate: OAuth session expired and could not be refreshed"), AUTH),
    "lock-busy": ((LOCK_BUSY,) * 4, ("server_error",) * 4),
    "unauthorized": (("API Error: {status} {raw} · Please run /login",
                      "Failed to authenticate. API Error: {status} {raw}",
                      *("Failed to authenticate. API Error: {status} {message}",) * 2), AUTH),
    "external-key": (("Invalid API key · Fix external API key",) * 4, AUTH),
    "revoked": (("OAuth token revoked · Please run /login", *(NO_ACCESS.format("account"),) * 2,
                 "Failed to authenticate: OAuth token revoked. Please log in again or contact your "
                 "administrator."), AUTH),
    "org": (("Your account does not have access to Claude Code. Please run /login.",
             NO_ACCESS.format("organization"), ORG_DISABLED, ORG_DISABLED),
            ("authentication_failed",) * 2 + ("oauth_org_not_allowed",) * 2),
    "billing": (("Credit balance is too low",) * 4, ("billing_error",) * 4),
    "request": (("API Error: {status} {raw}",) * 2 + ("API Error: {status} {message}",) * 2,
                ("unknown",) * 4),
    "model": (("API Error: 404 {raw}", MODEL, MODEL, MODEL),
              ("unknown", "invalid_request", "model_not_found", "model_not_found")),
    "rate": (("API Error: Rate limit reached", "API Error: Request rejected (429) · {message}",
              LIMITED, LIMITED), ("rate_limit",) * 4),
    "server": (("API Error: {status} {raw}",) * 2 + ("API Error: {status} {message}" + GATEWAY,) * 2,
               SERVER),
    "refused-connection": (("API Error: Connection error.",
                            "API Error: Unable to connect to API. Check your internet connection",
                            "API Error: Unable to connect to API (ConnectionRefused)",
                            "API Error: Connection refused — a firewall or proxy may be blocking it "
                            "(ECONNREFUSED)"), SERVER),
    # Not recorded: a cloud provider's variable with nothing behind it.
    "cloud": (("API Error: Could not load credentials from any providers",) * 4, ("unknown",) * 4),
}

MODELS = ("claude-opus-4-5-20251101", "claude-opus-4-6", "claude-opus-4-8", "claude-opus-5-5")


def known(version):
    """The index of the newest known version not later than VERSION, the oldest if there is none."""
    parts = tuple(int(part) for part in version.split("."))
    return max([i for i, candidate in enumerate(KNOWN) if candidate <= parts], default=V0)


def classify(status, message, source):
    """The failure that an answer of the server is."""
    if status == 401:
        return "external-key" if source in ("api-key", "helper") else "unauthorized"
    if status == 403 and "revoked" in message:
        return "revoked"
    if status == 403 and "not allowed for this organization" in message:
        return "org"
    if status == 400 and "credit balance" in message:
        return "billing"
    return {403: "unauthorized", 404: "model", 429: "rate", 500: "server", 529: "server"}.get(
        status, "request")


def retry_error(failure, status, version):
    """`error` in an api_retry line."""
    if status == 529:
        return ("unknown", "rate_limit", "overloaded", "overloaded")[version]
    return FAILURES[failure][1][version] if status else "unknown"


def words(failure, version, **facts):
    """(text, error) of a FAILURE in VERSION, an index."""
    texts, errors = FAILURES[failure]
    return texts[version].format(**facts), errors[version]
