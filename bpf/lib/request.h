/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Reads the HTTP/1 requests (RFC 9112) that begin in a segment, a byte at a time: the first one's
 * path as a server sees it, what that ends in, whether its fields say that it is for a part of a
 * page, and how many there are. Takes whatever comes: a request that breaks the rules is one all
 * the same. Pure; only what a reader points at is changed.
 */
#ifndef WEIR_REQUEST_H
#define WEIR_REQUEST_H

#include "event.h"

/* A body is taken to be no longer, in bytes: what comes behind it may be a request again. */
#define WEIR_BODY_MAX (1u << 30)

/* Requests in one segment that are told apart; more count as so many. */
#define WEIR_PIPELINE_MAX 16

enum weir_reading {
	WEIR_READING_START, /* blank lines before a request: RFC 9112, 2.2 */
	WEIR_READING_METHOD,
	WEIR_READING_TARGET, /* its first byte */
	WEIR_READING_SCHEME, /* an absolute URL up to the host */
	WEIR_READING_HOST,
	WEIR_READING_PATH,
	WEIR_READING_ESCAPE1, /* behind a % */
	WEIR_READING_ESCAPE2,
	WEIR_READING_QUERY,
	WEIR_READING_SKIP, /* what is left of a line that matters no more */
	WEIR_READING_NAME, /* of a field */
	WEIR_READING_VALUE,
	WEIR_READING_BEHIND, /* the fields: another request, or a body */
	WEIR_READING_BODY,
};

/* 32-bit FNV-1a (draft-eastlake-fnv) of lower-case names and values; tests/unit/request_test.cpp.
 */
#define WEIR_HASH_START		  0x811c9dc5u
#define WEIR_HASH_CONTENT_LENGTH  0x4df9451du
#define WEIR_HASH_TRANSFER_CODING 0xddb4744cu
#define WEIR_HASH_RANGE		  0xfadc0cd2u
#define WEIR_HASH_REQUESTED_WITH  0x5d54fe11u
#define WEIR_HASH_FETCH_DEST	  0x32f2edc2u
#define WEIR_HASH_XMLHTTPREQUEST  0x2dae8d53u
#define WEIR_HASH_IMAGE		  0xb35135fau
#define WEIR_HASH_SCRIPT	  0x203e6faau
#define WEIR_HASH_STYLE		  0xac307ed6u
#define WEIR_HASH_FONT		  0x274e1290u
#define WEIR_HASH_IFRAME	  0xd00085a1u

static __always_inline __u32 weir_hash_byte(__u32 hash, __u8 byte)
{
	return (hash ^ byte) * 0x01000193u;
}

struct weir_reader {
	__u32 phase;	/* enum weir_reading */
	__u32 requests; /* that have begun */
	__u32 length;	/* of the path */
	__u32 hash;	/* of the name or value being read */
	__u32 field;	/* the hash of the name whose value it is */
	__u32 word;	/* the last four bytes behind the fields */
	__u32 behind;	/* how many of them there are */
	__u32 suffix_length;
	__u32 number;  /* the value being read, if it is one */
	__u32 body;    /* bytes of the newest request's that have not been read yet */
	__u64 url;     /* a hash of the target as it was sent; 0: there was none */
	__u64 slashes; /* where the path's last eight are, the last in the lowest byte */
	__u8 in_suffix;
	__u8 is_part;  /* of a page, by a field */
	__u8 is_coded; /* the body's length is not known beforehand */
	__u8 escape;   /* the first digit behind a % */
	__u8 pad[4];
	char suffix[WEIR_SUFFIX_MAX + 2];
	struct weir_path_key path; /* its text; never cleared */
};

/* Begins a segment. What was read into the path before does no harm. */
static __always_inline void weir_begin_reading(struct weir_reader *reader)
{
	__builtin_memset(reader, 0, offsetof(struct weir_reader, path));
}

static __always_inline __u8 weir_lower(__u8 c)
{
	return (__u8)(c - 'A') < 26 ? c | 0x20 : c;
}

/* The value of a hexadecimal digit, or 16. */
static __always_inline __u32 weir_hex(__u8 c)
{
	__u8 letter = weir_lower(c);

	if ((__u8)(c - '0') < 10)
		return c - '0';
	return (__u8)(letter - 'a') < 6 ? letter - 'a' + 10 : 16;
}

static __always_inline void weir_begin_suffix(struct weir_reader *reader, __u8 c)
{
	if (c == '/' || c == '.') {
		reader->in_suffix = c == '.';
		reader->suffix_length = 0;
	} else if (reader->in_suffix) {
		if (reader->suffix_length < WEIR_SUFFIX_MAX) {
			reader->suffix[reader->suffix_length & 15] = (char)weir_lower(c);
			reader->suffix_length++;
		} else {
			reader->in_suffix = 0;
			reader->suffix_length = 0;
		}
	}
}

/*
 * Takes a "." or ".." off the end of the path, with the segment before that (RFC 3986, 5.2.4).
 * Returns whether there was one: the path ends in a slash then.
 */
static __always_inline int weir_drop_dots(struct weir_reader *reader)
{
	__u32 slash = (__u32)reader->slashes & 0xff, dots = reader->length - slash - 1;
	const char *path = reader->path.text;

	if (!reader->length || dots - 1 > 1u || path[(slash + 1) & (WEIR_PATH_ROOM - 1)] != '.')
		return 0;
	if (dots == 2) {
		if (path[(slash + 2) & (WEIR_PATH_ROOM - 1)] != '.')
			return 0;
		/* Above the root there is nothing. */
		if (slash)
			reader->slashes >>= 8;
		slash = (__u32)reader->slashes & 0xff;
	}
	reader->length = slash + 1;
	return 1;
}

/* Adds a decoded byte to the path. Slashes in a row are one, as most servers have it. */
static __always_inline void weir_add_to_path(struct weir_reader *reader, __u8 c)
{
	weir_begin_suffix(reader, c);
	if (c == '/' && reader->length) {
		if (reader->length == ((__u32)reader->slashes & 0xff) + 1 || weir_drop_dots(reader))
			return;
	}
	if (reader->length >= WEIR_PATH_MAX)
		return;
	if (c == '/')
		reader->slashes = reader->slashes << 8 | reader->length;
	reader->path.text[reader->length & (WEIR_PATH_ROOM - 1)] = (char)c;
	reader->length++;
}

/* The path ends; a last "/.." too. */
static __always_inline void weir_end_path(struct weir_reader *reader)
{
	weir_drop_dots(reader);
}

static __always_inline void weir_end_value(struct weir_reader *reader)
{
	__u32 value = reader->hash;

	switch (reader->field) {
	case WEIR_HASH_CONTENT_LENGTH:
		reader->body = reader->number < WEIR_BODY_MAX ? reader->number : WEIR_BODY_MAX;
		return;
	case WEIR_HASH_TRANSFER_CODING:
		reader->is_coded = 1;
		return;
	}
	/* The fields of the first request only: the others count with it. */
	if (reader->requests != 1)
		return;
	switch (reader->field) {
	case WEIR_HASH_RANGE:
		reader->is_part = 1;
		break;
	case WEIR_HASH_REQUESTED_WITH:
		reader->is_part |= value == WEIR_HASH_XMLHTTPREQUEST;
		break;
	case WEIR_HASH_FETCH_DEST:
		reader->is_part |= value == WEIR_HASH_IMAGE || value == WEIR_HASH_SCRIPT ||
				   value == WEIR_HASH_STYLE || value == WEIR_HASH_FONT ||
				   value == WEIR_HASH_IFRAME;
		break;
	}
}

/* Whether a name that begins so may be one of those above; a line's end may come instead. */
static __always_inline int weir_may_matter(__u8 c)
{
	c = weir_lower(c);
	return c == 'c' || c == 'r' || c == 's' || c == 't' || c == 'x' || c == '\n';
}

static __always_inline int weir_matters(__u32 field)
{
	return field == WEIR_HASH_CONTENT_LENGTH || field == WEIR_HASH_TRANSFER_CODING ||
	       field == WEIR_HASH_RANGE || field == WEIR_HASH_REQUESTED_WITH ||
	       field == WEIR_HASH_FETCH_DEST;
}

/* What follows the fields of a request: its body, and another if it begins with a method. */
static __always_inline void weir_read_behind(struct weir_reader *reader, __u8 c)
{
	if (reader->body) {
		reader->body--;
		return;
	}
	if (!reader->behind && (c == '\r' || c == '\n'))
		return;
	reader->word = reader->word << 8 | c;
	if (++reader->behind < 4)
		return;
	if (weir_is_method(weir_htonl(reader->word))) {
		reader->requests++;
		reader->phase = WEIR_READING_SKIP; /* its target matters no more */
	} else {
		reader->phase = WEIR_READING_BODY;
	}
}

/* The end of a line: of the request line, of a field, or the empty one behind all fields. */
static __always_inline void weir_end_line(struct weir_reader *reader)
{
	reader->phase = WEIR_READING_NAME;
	reader->hash = WEIR_HASH_START;
	reader->field = 0;
	reader->number = 0;
}

/* Reads the first request's target. */
static __always_inline void weir_read_target(struct weir_reader *reader, __u8 c)
{
	__u32 phase = reader->phase, digit;

	if (c == ' ' || c == '\n') {
		weir_end_path(reader);
		if (c == ' ')
			reader->phase = WEIR_READING_SKIP;
		else
			weir_end_line(reader);
		return;
	}
	reader->url = (reader->url ^ c) * 0x9e3779b97f4a7c15ull;
	reader->url ^= reader->url >> 29;
	if (phase == WEIR_READING_QUERY)
		return;
	if (c == '?' || c == '#') {
		weir_end_path(reader);
		reader->phase = WEIR_READING_QUERY;
		return;
	}
	if (phase == WEIR_READING_TARGET) {
		reader->phase = phase = c == '/' ? WEIR_READING_PATH : WEIR_READING_SCHEME;
		if (phase == WEIR_READING_SCHEME)
			return;
	}
	if (phase == WEIR_READING_SCHEME) {
		/* The second slash in a row is the one before the host. */
		if (c == '/' && reader->field == '/')
			reader->phase = WEIR_READING_HOST;
		reader->field = c;
		return;
	}
	if (phase == WEIR_READING_HOST) {
		if (c != '/')
			return;
		reader->phase = WEIR_READING_PATH;
	}
	if (phase == WEIR_READING_ESCAPE1) {
		reader->escape = (__u8)weir_hex(c);
		reader->phase = WEIR_READING_ESCAPE2;
		return;
	}
	if (phase == WEIR_READING_ESCAPE2) {
		reader->phase = WEIR_READING_PATH;
		digit = weir_hex(c);
		if (reader->escape < 16 && digit < 16)
			c = (__u8)(reader->escape << 4 | digit);
	} else if (c == '%') {
		reader->phase = WEIR_READING_ESCAPE1;
		return;
	}
	weir_add_to_path(reader, c);
}

/* Reads one byte more. */
static __always_inline void weir_read_byte(struct weir_reader *reader, __u8 c)
{
	switch (reader->phase) {
	case WEIR_READING_START:
		if (c == '\r' || c == '\n')
			return;
		reader->requests = 1;
		reader->phase = WEIR_READING_METHOD;
		return;
	case WEIR_READING_METHOD:
		if (c == ' ')
			reader->phase = WEIR_READING_TARGET;
		else if (c == '\n')
			weir_end_line(reader);
		return;
	case WEIR_READING_SKIP:
		if (c == '\n')
			weir_end_line(reader);
		return;
	case WEIR_READING_NAME:
		if (c == '\r')
			return;
		if (reader->hash == WEIR_HASH_START && !weir_may_matter(c)) {
			reader->phase = WEIR_READING_SKIP;
			return;
		}
		if (c == ':') {
			reader->field = reader->hash;
			reader->hash = WEIR_HASH_START;
			reader->phase =
			    weir_matters(reader->field) ? WEIR_READING_VALUE : WEIR_READING_SKIP;
		} else if (c != '\n') {
			reader->hash = weir_hash_byte(reader->hash, weir_lower(c));
		} else if (reader->hash == WEIR_HASH_START) {
			reader->phase = reader->is_coded ? WEIR_READING_BODY : WEIR_READING_BEHIND;
			reader->behind = 0;
		} else {
			weir_end_line(reader);
		}
		return;
	case WEIR_READING_VALUE:
		if (c == '\n') {
			weir_end_value(reader);
			weir_end_line(reader);
		} else if (c != '\r' && c != ' ' && c != '\t') {
			reader->hash = weir_hash_byte(reader->hash, weir_lower(c));
			if ((__u8)(c - '0') < 10 && reader->number < WEIR_BODY_MAX / 8)
				reader->number = reader->number * 10 + (c - '0');
		}
		return;
	case WEIR_READING_BEHIND:
		weir_read_behind(reader, c);
		return;
	case WEIR_READING_BODY:
		return;
	default:
		weir_read_target(reader, c);
	}
}

/* Whether the next eight bytes, in any order, change nothing but where the reader is. */
static __always_inline int weir_may_skip(const struct weir_reader *reader, __u64 bytes)
{
	bytes ^= '\n' * 0x0101010101010101ull;
	return reader->phase == WEIR_READING_SKIP &&
	       !((bytes - 0x0101010101010101ull) & ~bytes & 0x8080808080808080ull);
}

/* Whether what was read ends before the path does, and so is less than rules have to know. */
static __always_inline int weir_is_open(const struct weir_reader *reader)
{
	return reader->phase < WEIR_READING_QUERY && reader->requests <= 1 &&
	       reader->length < WEIR_PATH_MAX;
}

/* Whether all requests that began have all their fields; the last body may go on. */
static __always_inline int weir_is_whole(const struct weir_reader *reader)
{
	return reader->phase == WEIR_READING_BEHIND && !reader->behind;
}

#endif
