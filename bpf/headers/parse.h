/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads a frame as sensor/decode does, as far as that can be said in few words: TCP, UDP and
 * protocols without ports, not in fragments, also in tunnels. All else is left to sensor/decode,
 * of which whole frames are given. */
#pragma once
#include "packet.h"

/* What tells packets apart stands in words that can be compared, in the order of the wire. */
struct packet {
	__u64 pair; /* source and destination, of IPv6 folded; 0 none */
	__u32 ports; /* source and destination */
	__u32 tags; /* of the outer frame, with one that stands beside it: count << 24 | first << 12 | second */
	__u8 proto;
	__u8 version; /* of IP */
	__u8 flags; /* TCP */
	__u8 spare;
	__u32 seq; /* TCP, host byte order */
	__u32 head; /* bytes of the frame before the payload */
	__u32 size; /* bytes from the innermost network header on */
	__u32 load; /* payload bytes */
	__u32 wire; /* bytes of the frame; where nothing of it lies behind its first part, of that part */
	__u32 addr[8]; /* IPv6: both addresses */
};

/* Where the reading stands, between two layers of tunnels. */
struct mark {
	__u32 off; /* of the frame */
	__u32 left; /* bytes of the frame from there on, without padding */
	__u16 type; /* EtherType of what stands there */
	__u8 depth; /* tunnels that were opened */
	__u8 spare;
};

struct reader {
	void *at, *end; /* what is left of the frame's first part */
	__u32 left;
	__u16 type;
	__u8 next; /* IP protocol of what stands at at */
	__u8 depth;
};

enum { LEAVE, COUNT, DEEPER }; /* not for us; read to its end; in a tunnel */

#define has(r, n) ((r)->at + (n) <= (r)->end && (r)->left >= (n))
#define reaches(r, n) ((r)->at + (n) <= (r)->end && (!(r)->depth || (r)->left >= (n))) /* has, up to the network header */

INLINE void skip(struct reader *r, __u32 n)
{
	r->at += n;
	r->left -= n;
}

INLINE int tagged(__u16 type) { return type == ETH_VLAN || type == ETH_QINQ || type == ETH_OLDQ; }

INLINE void tag(struct packet *p, __u32 control)
{
	p->tags += 1 << 24 | (control & 0xfff) << (p->tags ? 0 : 12);
}

/* Up to two tags; of a third nothing is said. */
INLINE int vlan(struct reader *r, struct packet *p)
{
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (!tagged(r->type))
			return 1;
		if (!reaches(r, 4))
			return 0;
		__u16 *t = r->at;
		if (r->depth == 0) {
			if (p->tags >> 24 == 2)
				return 0;
			tag(p, be16(t[0]));
		}
		r->type = be16(t[1]);
		skip(r, 4);
	}
	return !tagged(r->type);
}

INLINE int ethernet(struct reader *r)
{
	if (!reaches(r, ETH_HEADER))
		return 0;
	r->type = be16(((__u16 *)r->at)[6]);
	skip(r, ETH_HEADER);
	return 1;
}

struct ipv4 {
	__u8 first, tos;
	__u16 total, id, place;
	__u8 ttl, proto;
	__u16 sum;
	__u8 pair[8];
};

/* A network header says that n bytes begin with it, 0 for as many as there are. Most frames lie in
 * one piece that holds them all: only of others it is asked what comes behind. */
INLINE void trim(CTX *ctx, struct reader *r, struct packet *p, __u32 n)
{
	if (!r->depth && (!n || n > r->left)) {
		__u32 more = behind(ctx);
		p->wire += more;
		r->left += more;
	}
	if (n && n < r->left)
		r->left = n;
}

INLINE int ipv4(CTX *ctx, struct reader *r, struct packet *p)
{
	if (!reaches(r, sizeof(struct ipv4)))
		return 0;
	struct ipv4 *h = r->at;
	__u32 head = (h->first & 15) * 4, total = be16(h->total);
	if ((__u8)(h->first - 0x45) > 10) // version 4, 5 to 15 words
		return 0;
	trim(ctx, r, p, total);
	if (r->left < head)
		return 0;
	p->pair = *(__u64 *)h->pair;
	p->version = 4;
	p->size = r->left;
	if (h->place & be16(0x3fff))
		return 0;
	r->next = h->proto;
	skip(r, head);
	return 1;
}

struct ipv6 {
	__u32 first;
	__u16 length;
	__u8 next, hops;
	__u32 addr[8];
};

INLINE int extension(__u8 next) { return next == IP_HOP_BY_HOP || next == IP_ROUTING || next == IP_OPTIONS; }

INLINE int ipv6(CTX *ctx, struct reader *r, struct packet *p)
{
	if (!reaches(r, sizeof(struct ipv6)))
		return 0;
	struct ipv6 *h = r->at;
	__u32 length = be16(h->length);
	if (*(__u8 *)h >> 4 != 6)
		return 0;
	trim(ctx, r, p, length || h->next == 59 ? 40 + length : 0);
	__builtin_memcpy(p->addr, h->addr, 32);
	p->pair = fold(h->addr) | (__u64)fold(h->addr + 4) << 32;
	p->version = 6;
	p->size = r->left;
	r->next = h->next;
	skip(r, 40);
#pragma unroll
	for (int i = 0; i < 3; i++) {
		if (!extension(r->next))
			break;
		if (!has(r, 8))
			return 0;
		__u8 *e = r->at;
		__u32 size = e[1] * 8 + 8;
		r->next = e[0];
		if (r->left < size)
			return 0;
		skip(r, size);
	}
	return !extension(r->next) && r->next != IP_FRAGMENT && r->next != IP_AUTH;
}
