/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands above IP, tunnels among it, and the frame as a whole. */
#pragma once
#include "parse.h"

INLINE int tcp(struct reader *r, struct packet *p)
{
	if (!has(r, 20))
		return LEAVE;
	__u8 *b = r->at;
	__u32 head = (b[12] >> 4) * 4;
	if (head < 20 || head > r->left)
		return LEAVE;
	p->ports = *(__u32 *)r->at;
	p->seq = be32(*(__u32 *)(r->at + 4));
	p->flags = b[13];
	p->load = r->left - head;
	skip(r, head);
	return COUNT;
}

/* RFC 2784, RFC 2890; ERSPAN: draft-foschiano-erspan. PPTP's version is left alone. */
INLINE int gre(struct reader *r)
{
	if (!has(r, 4))
		return LEAVE;
	__u16 flags = be16(((__u16 *)r->at)[0]);
	r->type = be16(((__u16 *)r->at)[1]);
	if (flags & 0x4007)
		return LEAVE;
	__u32 size = 4 + (flags >> 15) * 4 + (flags >> 13 & 1) * 4 + (flags >> 12 & 1) * 4;
	if (r->type == ETH_ERSPAN2 && flags & 0x1000) // without a sequence number it is type I, which has no header
		size += 8;
	if (r->type == ETH_ERSPAN2)
		r->type = ETH_BRIDGED;
	if (!has(r, size))
		return LEAVE;
	skip(r, size);
	if (r->type == ETH_ERSPAN3) {
		if (!has(r, 12))
			return LEAVE;
		size = ((__u8 *)r->at)[11] & 1 ? 20 : 12;
		if (r->left < size)
			return LEAVE;
		skip(r, size);
		r->type = ETH_BRIDGED;
	}
	return DEEPER;
}

/* RFC 8926. */
INLINE int geneve(struct reader *r)
{
	if (!has(r, 16))
		return LEAVE;
	__u8 *g = r->at + 8;
	__u32 size = 16 + (g[0] & 63) * 4;
	if (g[0] >> 6 || g[1] & 0x3f || g[7] || r->left < size)
		return LEAVE;
	r->type = g[2] << 8 | g[3];
	skip(r, size);
	return DEEPER;
}

INLINE int udp(struct reader *r, struct packet *p)
{
	if (!has(r, 8))
		return LEAVE;
	__u32 ports = *(__u32 *)r->at, n = be16(((__u16 *)r->at)[2]), to = ports >> 16;
	if (n >= 8 && n < r->left)
		r->left = n;
	if (to == be16(PORT_GENEVE))
		return geneve(r);
	if (to == be16(PORT_VXLAN) || to == be16(PORT_OLD_VXLAN)) {
		__u8 *v = r->at + 8;
		if (!has(r, 30) || *(__u32 *)v != be32(0x08000000) || v[7]) // RFC 7348
			return LEAVE;
		r->type = ETH_BRIDGED;
		skip(r, 16);
		return DEEPER;
	}
	p->ports = ports;
	p->load = r->left - 8;
	skip(r, 8);
	return COUNT;
}

INLINE int transport(struct reader *r, struct packet *p)
{
	switch (p->proto = r->next) {
	case IP_TCP:
		return tcp(r, p);
	case IP_UDP:
		return udp(r, p);
	case IP_GRE:
		return gre(r);
	case IP_IPV4:
		r->type = ETH_IPV4;
		return DEEPER;
	case IP_IPV6:
		r->type = ETH_IPV6;
		return DEEPER;
	case IP_ICMP:
	case IP_ICMPV6:
	case IP_SCTP:
		return LEAVE;
	}
	p->load = r->left;
	return COUNT;
}

/* One set of link and network headers and what they carry. */
INLINE int layer(CTX *ctx, struct mark *m, struct packet *p)
{
	void *begin, *end;
	if (!first(ctx, &begin, &end))
		return LEAVE;
	__u32 off = m->off;
	forget(off);
	if (off > 0x1000)
		return LEAVE;
	struct reader r = {.at = begin + off, .end = end, .left = m->left, .type = m->type, .depth = m->depth};
	if (r.type == ETH_BRIDGED && !ethernet(&r))
		return LEAVE;
	if (r.type != ETH_IPV4 && !vlan(&r, p))
		return LEAVE;
	if (r.type != ETH_IPV4 && r.type != ETH_IPV6) {
		p->pair = 0; // ARP and the like have no pair, in a tunnel neither
		return LEAVE;
	}
	if (r.type == ETH_IPV4 ? !ipv4(ctx, &r, p) : !ipv6(ctx, &r, p))
		return LEAVE;
	int what = transport(&r, p);
	m->off = r.at - begin;
	m->left = r.left;
	m->type = r.type;
	m->depth++;
	return what;
}

/* What a tunnel carries. */
APART int deeper(CTX *ctx, struct mark *m, struct packet *p) { return m && p ? layer(ctx, m, p) : LEAVE; }

/* Reads the frame; without an answer of COUNT only the pair of addresses means something. */
INLINE int parse(CTX *ctx, struct packet *p)
{
	p->wire = length(ctx);
	struct mark m = {.left = p->wire, .type = ETH_BRIDGED};
	__u32 beside = tag_beside(ctx);
	p->pair = p->ports = p->tags = p->load = p->seq = 0;
	p->flags = 0;
	if (beside)
		tag(p, beside);
	if (!begins(ctx))
		return 0;
	int what = layer(ctx, &m, p);
	for (int i = 0; i < 2 && what == DEEPER; i++) // a tunnel in a tunnel, and the conversation in it
		what = deeper(ctx, &m, p);
	p->head = m.off;
	return what == COUNT;
}
