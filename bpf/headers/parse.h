/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads a frame as sensor/decode does, as far as that can be said in few words: TCP, UDP and
 * protocols without ports, not in fragments, also in tunnels. All else is left to sensor/decode,
 * of which whole frames are given. */
#pragma once
#include "packet.h"

struct packet {
	__u32 src, dst; /* network byte order; of IPv6 folded */
	__u16 sport, dport; /* network byte order */
	__u8 proto;
	__u8 flags; /* TCP */
	__u16 wide; /* whether addr is valid */
	__u16 head; /* bytes of the frame before the payload */
	__u16 spare;
	__u32 tags; /* of the outer frame, with one that stands beside it: count << 24 | first << 12 | second */
	__u32 seq; /* TCP, host byte order */
	__u32 size; /* bytes from the innermost network header on */
	__u32 load; /* payload bytes */
	__u32 pair; /* hash of the innermost pair of addresses, 0 none */
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
		if (!has(r, 4))
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
	if (!has(r, ETH_HEADER))
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
	__u32 src, dst;
};

INLINE int ipv4(struct reader *r, struct packet *p)
{
	if (!has(r, sizeof(struct ipv4)))
		return 0;
	struct ipv4 *h = r->at;
	__u32 head = (h->first & 15) * 4, total = be16(h->total);
	if (h->first >> 4 != 4 || head < 20)
		return 0;
	if (total && total < r->left)
		r->left = total;
	if (r->left < head || (total && total < head))
		return 0;
	p->src = h->src;
	p->dst = h->dst;
	p->wide = 0;
	p->size = r->left;
	p->pair = pair(be32(h->src), be32(h->dst));
	if (h->place & be16(0x3fff))
		return 0;
	r->next = h->proto;
	skip(r, head);
	return r->at <= r->end;
}

struct ipv6 {
	__u32 first;
	__u16 length;
	__u8 next, hops;
	__u32 addr[8];
};

INLINE int extension(__u8 next) { return next == IP_HOP_BY_HOP || next == IP_ROUTING || next == IP_OPTIONS; }

INLINE int ipv6(struct reader *r, struct packet *p)
{
	if (!has(r, sizeof(struct ipv6)))
		return 0;
	struct ipv6 *h = r->at;
	__u32 length = be16(h->length);
	if (*(__u8 *)h >> 4 != 6)
		return 0;
	if ((length || h->next == 59) && 40 + length < r->left)
		r->left = 40 + length;
	p->wide = 1;
	__builtin_memcpy(p->addr, h->addr, 32);
	p->src = fold(h->addr);
	p->dst = fold(h->addr + 4);
	p->size = r->left;
	p->pair = pair(p->src, p->dst);
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
