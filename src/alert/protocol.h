/* What credrelay and the helper of a channel say to each other: libexec/credrelay/alert-CHANNEL, one
 * line of JSON each way, as with a store (store/protocol.h).
 *
 * Request:
 *   credrelay    1, the protocol's version
 *   op           "send"; "check": do all but send, as far as the channel can
 *   channel      "mail" | "webhook" | "command"
 *   options      the section [alert] as an object of strings, defaults included
 *   message      an object:
 *     id           16 hexadecimal digits, the same whenever this message is sent again
 *     kind         "opened" | "still" | "over" | "deadline" | "test"
 *     at           when it was made, ms since 1970
 *     relay, machine
 *     what         "run" | "watch" | "renew", what is in trouble
 *     since        ms since 1970; 0: does not apply
 *     runs         that ended in 78
 *     why, hint    what failed, and the remedy; "" none
 *     deadline     of the login, ms since 1970; 0: not what it is about
 *     subject      one line
 *     text         for people, lines ended by \n
 *   deadline_ms  answer within this time from now
 *
 * Answer: {"ok":true} when the other side has taken the message, or {"ok":false,"error","message","hint","retry_after_ms"} as a store answers.
 *
 * Passwords, keys and secret URLs are in none of these: options name the file or the command, and
 * the helper looks there. */
#ifndef CREDRELAY_ALERT_PROTOCOL_H
#define CREDRELAY_ALERT_PROTOCOL_H

#define ALERT_PROTOCOL 1

#endif
