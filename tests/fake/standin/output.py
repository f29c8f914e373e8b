"""The three output formats.  A run is a sequence of events; text shows only the last, json the last
or with --verbose all as an array, stream-json each as a line when it happens."""
import os
import time

from . import quick, wording

ZERO = {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "output_tokens": 0, "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0}}
CACHE = {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0}
TURN = {"input_tokens": 3, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "output_tokens": 1}
COST = (0.000039999999999999996,) * 3 + (0.000032,)
TOOLS = ["Task", "Bash", "Edit", "Read", "Skill", "WebFetch", "WebSearch", "Write"]
AGENTS = ["general-purpose", "Explore", "Plan"]

# The order in which each version writes the keys of a result; a key that is not there is left out.
HEAD = ("type", "subtype", "is_error")
TAIL = ("session_id", "total_cost_usd", "usage", "modelUsage", "permission_denials")
RESULT_KEYS = (
    (*HEAD, "duration_ms", "duration_api_ms", "num_turns", "result", *TAIL, "uuid", "errors"),
    (*HEAD, "duration_ms", "duration_api_ms", "num_turns", "result", "stop_reason", *TAIL,
     "terminal_reason", "fast_mode_state", "uuid", "errors"),
    (*HEAD, "api_error_status", "duration_ms", "duration_api_ms", "num_turns", "result",
     "stop_reason", *TAIL, "terminal_reason", "fast_mode_state", "uuid", "errors"),
    ("duration_api_ms", "stop_reason", *TAIL, "terminal_reason", "fast_mode_state",
     "fast_mode_disabled_reason", "subagent_stats", "safety_stops", "is_error", "num_turns",
     "subtype", "api_error_status", "result", "errors", "type", "duration_ms", "uuid",
     "queued_turn_count", "result_index"),
)


class Output:
    def __init__(self, version, name, options):
        self.version, self.name, self.options = version, name, options
        self.session = options.session or quick.uuid()
        self.model = options.model or wording.MODELS[version]
        self.began = time.monotonic()
        self.events = []
        self.turns = 0

    # -- events ----------------------------------------------------------------------------------

    def event(self, event):
        if self.options.format == "stream-json":
            quick.put(quick.dumps(event) + "\n")
        else:
            self.events.append(event)

    def init(self):
        event = {"type": "system", "subtype": "init", "cwd": os.getcwd(), "session_id": self.session,
                 "tools": TOOLS, "mcp_servers": [], "model": self.model,
                 "permissionMode": "default", "slash_commands": ["compact", "context", "init"],
                 "apiKeySource": "none", "claude_code_version": self.name,
                 "output_style": "default", "agents": AGENTS, "skills": [], "plugins": [],
                 "uuid": quick.uuid()}
        if self.version >= wording.V100:
            event["fast_mode_state"] = "off"
        self.event(event)

    def assistant(self, content):
        """One message of the model."""
        message = {"id": "msg_01madeup", "type": "message", "role": "assistant",
                   "model": self.model, "content": [content], "stop_reason": None,
                   "stop_sequence": None, "usage": TURN, "context_management": None}
        event = self.enveloped("assistant", message)
        if self.version >= wording.V200:
            event["request_id"] = "req_011CTESTmadeup000000002"
        self.event(event)

    def enveloped(self, kind, message):
        event = {"type": kind, "message": message, "parent_tool_use_id": None,
                 "session_id": self.session, "uuid": quick.uuid()}
        if self.version >= wording.V300:
            event["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return event

    def tool(self, printed):
        """A turn that runs a tool."""
        self.assistant({"type": "text", "text": "Running it."})
        self.assistant({"type": "tool_use", "id": "toolu_01madeup", "name": "Bash",
                        "input": {"command": "echo hi", "description": "Run a harmless echo"}})
        self.rate_limit("allowed")
        self.event(self.enveloped("user", {"role": "user", "content": [
            {"tool_use_id": "toolu_01madeup", "type": "tool_result", "content": printed,
             "is_error": False}]}))
        self.turns += 1

    def rate_limit(self, status):
        if self.version >= wording.V100:
            self.event({"type": "rate_limit_event",
                        "rate_limit_info": {"status": status, "isUsingOverage": False},
                        "uuid": quick.uuid(), "session_id": self.session})

    def retry(self, attempt, limit, pause, status, error):
        if self.version >= wording.V100:
            self.event({"type": "system", "subtype": "api_retry", "attempt": attempt,
                        "max_retries": limit, "retry_delay_ms": int(pause * 1000),
                        "error_status": status, "error": error, "session_id": self.session,
                        "uuid": quick.uuid()})

    # -- ends ------------------------------------------------------------------------------------

    def answer(self, text):
        self.assistant({"type": "text", "text": text})
        self.rate_limit("allowed")
        self.turns += 1
        self.result(text, subtype="success", is_error=False, stop_reason="end_turn",
                    terminal_reason="completed")

    def failure(self, failed):
        text, error = wording.words(failed.failure, self.version, model=self.model, **failed.facts)
        if failed.failure == "rate":
            self.rate_limit("rejected")
        message = {"id": quick.uuid(), "container": None, "model": "<synthetic>",
                   "role": "assistant", "stop_reason": "stop_sequence", "stop_sequence": "",
                   "type": "message", "usage": {**ZERO, "service_tier": None, "cache_creation": CACHE},
                   "content": [{"type": "text", "text": text}], "context_management": None}
        event = self.enveloped("assistant", message)
        event["error"] = error
        if self.version >= wording.V200 and failed.request_id:
            event["request_id"] = failed.request_id
        if self.version >= wording.V300:
            event["is_api_error_message"] = True
            if failed.status:
                event["api_error_status"] = failed.status
        self.event(event)
        self.result(text, subtype="success", is_error=True, stop_reason="stop_sequence",
                    api_error_status=failed.status, num_turns=self.turns + 1,
                    terminal_reason="api_error" if self.version >= wording.V300 else "completed")

    def max_turns(self, limit):
        newer = self.version >= wording.V100
        self.result(None, subtype="error_max_turns", is_error=newer, stop_reason="tool_use",
                    num_turns=limit + 1, terminal_reason="max_turns",
                    errors=[f"Reached maximum number of turns ({limit})"] if newer else [])
        if self.options.format == "text":
            quick.put(f"Error: Reached max turns ({limit})")

    def result(self, text, **facts):
        if self.options.format == "text":
            if text is not None:
                quick.put(text)
                quick.put("" if text.endswith("\n") else "\n")
            return
        self.event(self.result_event(text, facts))
        if self.options.format == "json":
            quick.put(quick.dumps(self.events if self.options.verbose else self.events[-1]) + "\n")
            self.events.clear()

    def result_event(self, text, facts):
        milliseconds = int((time.monotonic() - self.began) * 1000)
        worked = self.turns > 0
        cost = COST[self.version] * self.turns
        values = {
            "type": "result", "duration_ms": milliseconds,
            "duration_api_ms": milliseconds if worked else 0, "num_turns": self.turns,
            "session_id": self.session, "total_cost_usd": cost,
            "usage": {**ZERO, **(TURN if worked else {}), "service_tier": "standard",
                      "cache_creation": CACHE},
            "modelUsage": {self.model: {"inputTokens": 3, "outputTokens": 1, "costUSD": cost}}
            if worked else {},
            "permission_denials": [], "fast_mode_state": "off",
            "fast_mode_disabled_reason": "sdk_opt_in_required",
            "subagent_stats": {"spawned": 0, "completed": 0, "failed": 0, "by_type": {}},
            "safety_stops": 0, "uuid": quick.uuid(), "queued_turn_count": 0, "result_index": 0}
        if text is not None:
            values.update(result=text, api_error_status=None)
        values.update(facts)
        return {key: values[key] for key in self.result_keys(values["subtype"]) if key in values}

    def result_keys(self, subtype):
        keys = list(RESULT_KEYS[self.version])
        if subtype != "success" and self.version < wording.V300:
            keys.remove("is_error")
            keys.insert(keys.index("num_turns"), "is_error")
        return keys
