/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names and numbers of everything Weir counts. Each table is written once; the BPF
 * enums, the JSON keys, the Prometheus labels and the texts of `weir explain` grow from it.
 * Compiles as BPF C, C11 and C++. Numbers are part of the pinned maps' layout: append only,
 * or raise WEIR_LAYOUT in abi.h.
 */
#ifndef WEIR_VERDICT_H
#define WEIR_VERDICT_H

/* X(ID, name, help) */
#define WEIR_VERDICTS(X)                                                                           \
	X(PASS, "pass", "let through")                                                             \
	X(ALLOW, "allow", "let through because it is on the allow list")                           \
	X(THROTTLE, "throttle", "held off until it is sent again later")                           \
	X(KICK, "kick", "turned away, over the limit")                                             \
	X(BAN, "ban", "turned away, banned")                                                       \
	X(MALFORMED, "malformed", "refused, cannot be judged")

/* X(ID, name, help): what a limit counts. */
#define WEIR_EVENTS(X)                                                                             \
	X(SYN, "syn", "TCP connection attempts")                                                   \
	X(REQUEST, "request", "cleartext HTTP requests")                                           \
	X(MEDIA, "media", "cleartext HTTP requests for parts of a page")

/* X(ID, name, help): how a verdict is carried out. */
#define WEIR_ACTIONS(X)                                                                            \
	X(DROP, "drop", "dropped without an answer")                                               \
	X(RESET, "reset", "answered with a TCP reset")                                             \
	X(REPLY, "reply", "answered with HTTP 429")                                                \
	X(CHALLENGE, "challenge", "answered with a SYN cookie")                                    \
	X(DEFERRED, "deferred", "dropped now, let through when sent again after the delay")        \
	X(ACKNOWLEDGE, "acknowledge", "the end of a connection that the host never heard of")

/* X(ID, name, help) */
#define WEIR_WINDOWS(X)                                                                            \
	X(BURST, "burst", "events in a row with gaps shorter than the timeout")                    \
	X(SLIDING, "sliding", "events within the last timeout")

/* X(ID, name, help) */
#define WEIR_MODES(X)                                                                              \
	X(OBSERVE, "observe", "count what would happen, touch nothing")                            \
	X(ENFORCE, "enforce", "throttle, kick and ban")

/* X(ID, name, help): what the ports of a service speak. */
#define WEIR_PROTOCOLS(X)                                                                          \
	X(TCP, "tcp", "any protocol over TCP")                                                     \
	X(HTTP, "http", "HTTP/1 in cleartext")                                                     \
	X(TLS, "tls", "TLS")

/*
 * X(ID, name, VERDICT, help): why a packet got its verdict. Every packet has exactly one
 * reason and every reason exactly one verdict, so the sums over reasons are the verdicts
 * and the sum over verdicts is the number of packets.
 */
#define WEIR_REASONS(X)                                                                            \
	X(NO_EVENT, "noEvent", PASS, "to a protected port, starts nothing that is counted")        \
	X(UNDER_LIMIT, "underLimit", PASS, "an event within its limit")                            \
	X(RELEASED, "released", PASS, "held off before, its delay is over")                        \
	X(UNPROTECTED, "unprotected", PASS, "to a port that no service names")                     \
	X(NOT_TCP, "notTcp", PASS, "IP, but not TCP")                                              \
	X(NOT_IP, "notIp", PASS, "neither IPv4 nor IPv6")                                          \
	X(FRAGMENT_TAIL, "fragmentTail", PASS, "a later fragment; its first one is judged")        \
	X(UNTRACKED, "untracked", PASS, "an event whose source found no room in the table")        \
	X(STRAY, "stray", PASS, "a request on no connection: not counted, the host refuses it")    \
	X(TRICKLED, "trickled", PASS, "over the limit, but a SYN that the host itself must see")   \
	X(OBSERVED, "observed", PASS, "would have been acted on, but the mode is observe")         \
	X(ALLOWED, "allowed", ALLOW, "would have been acted on, but is on the allow list")         \
	X(THROTTLED, "throttled", THROTTLE, "over startThrottle, sent for the first time")         \
	X(HELD, "held", THROTTLE, "sent again before its delay was over")                          \
	X(UNREAD, "unread", THROTTLE,                                                              \
	  "part of a request, but not the next, before its path is known")                         \
	X(OVER_LIMIT, "overLimit", KICK, "over toMuch")                                            \
	X(FLOODED, "flooded", KICK, "a new source while SYNs flood the service")                   \
	X(REPEATED, "repeated", KICK, "the same URL again while the first is not answered")        \
	X(KICKED_AGAIN, "kickedAgain", KICK, "a kicked segment sent again")                        \
	X(TURNED_AWAY, "turnedAway", KICK,                                                         \
	  "of a kicked source's new connection, kept from the host")                               \
	X(CONTENDED, "contended", KICK, "too many CPUs at one source to count it")                 \
	X(BANNED_SOURCE, "bannedSource", BAN, "its source is banned")                              \
	X(BANNED_NET, "bannedNet", BAN, "its network is banned")                                   \
	X(TRUNCATED, "truncated", MALFORMED, "headers end before they are complete")               \
	X(VLAN_DEPTH, "vlanDepth", MALFORMED, "more VLAN tags than are followed")                  \
	X(IP_HEADER, "ipHeader", MALFORMED, "IP header breaks its own rules")                      \
	X(IP_LENGTH, "ipLength", MALFORMED, "IP length does not fit the frame")                    \
	X(EXT_HEADERS, "extHeaders", MALFORMED, "more IPv6 extension headers than are followed")   \
	X(ROUTING_HEADER, "routingHeader", MALFORMED, "IPv6 routing header with segments left")    \
	X(MAPPED_SOURCE, "mappedSource", MALFORMED, "IPv4-mapped source in an IPv6 header")        \
	X(TINY_FRAGMENT, "tinyFragment", MALFORMED, "first fragment too short to be judged")       \
	X(TCP_HEADER, "tcpHeader", MALFORMED, "TCP header breaks its own rules")                   \
	X(TCP_FLAGS, "tcpFlags", MALFORMED, "SYN together with FIN or RST")

#define WEIR_ENUM_VERDICT(id, name, help) WEIR_VERDICT_##id,
enum weir_verdict { WEIR_VERDICTS(WEIR_ENUM_VERDICT) WEIR_VERDICT_COUNT };
#undef WEIR_ENUM_VERDICT

#define WEIR_ENUM_EVENT(id, name, help) WEIR_EVENT_##id,
enum weir_event { WEIR_EVENTS(WEIR_ENUM_EVENT) WEIR_EVENT_COUNT };
#undef WEIR_ENUM_EVENT

#define WEIR_ENUM_ACTION(id, name, help) WEIR_ACTION_##id,
enum weir_action { WEIR_ACTIONS(WEIR_ENUM_ACTION) WEIR_ACTION_COUNT };
#undef WEIR_ENUM_ACTION

#define WEIR_ENUM_WINDOW(id, name, help) WEIR_WINDOW_##id,
enum weir_window { WEIR_WINDOWS(WEIR_ENUM_WINDOW) WEIR_WINDOW_COUNT };
#undef WEIR_ENUM_WINDOW

#define WEIR_ENUM_MODE(id, name, help) WEIR_MODE_##id,
enum weir_mode { WEIR_MODES(WEIR_ENUM_MODE) WEIR_MODE_COUNT };
#undef WEIR_ENUM_MODE

#define WEIR_ENUM_PROTOCOL(id, name, help) WEIR_PROTOCOL_##id,
enum weir_protocol { WEIR_PROTOCOLS(WEIR_ENUM_PROTOCOL) WEIR_PROTOCOL_COUNT };
#undef WEIR_ENUM_PROTOCOL

#define WEIR_ENUM_REASON(id, name, verdict, help) WEIR_REASON_##id,
enum weir_reason { WEIR_REASONS(WEIR_ENUM_REASON) WEIR_REASON_COUNT };
#undef WEIR_ENUM_REASON

/* The verdict that a reason belongs to. */
static inline enum weir_verdict weir_reason_verdict(enum weir_reason reason)
{
#define WEIR_CASE_REASON(id, name, verdict, help)                                                  \
	case WEIR_REASON_##id:                                                                     \
		return WEIR_VERDICT_##verdict;
	switch (reason) {
		WEIR_REASONS(WEIR_CASE_REASON)
	case WEIR_REASON_COUNT:
		break;
	}
#undef WEIR_CASE_REASON
	return WEIR_VERDICT_MALFORMED;
}

#endif
