//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// Fanout names the ring of a packet by its pair of addresses, whichever way it
// goes: fragments, both directions and all ports of a pair meet on one ring. In a
// tunnel the inner pair counts; what has no pair goes to ring 0. The kernel takes
// the answer modulo the number of rings.

#include "headers/packet.h"

// What is left to read: the payload at off is of Ethernet type type.
struct cursor {
	__u32 off;
	__u16 type;
	__u32 hash;
};

// At fanout skb->data stands at the MAC header for packets that leave and at the
// network header for those that arrive: only offsets from the latter are sound.
#define load(skb, off, to, n) \
	(bpf_skb_load_bytes_relative(skb, off, to, n, BPF_HDR_START_NET) == 0)

INLINE int ethernet(struct __sk_buff *skb, struct cursor *c)
{
	__u16 type;
	if (!load(skb, c->off + 12, &type, 2))
		return 0;
	c->off += ETH_HEADER;
	c->type = be16(type);
	return 1;
}

INLINE int vlan(struct __sk_buff *skb, struct cursor *c)
{
	__u16 type;
	if (!load(skb, c->off + 2, &type, 2))
		return 0;
	c->off += 4;
	c->type = be16(type);
	return 1;
}

// RFC 2784, RFC 2890; ERSPAN: draft-foschiano-erspan.
INLINE int gre(struct __sk_buff *skb, struct cursor *c)
{
	__u16 h[2];
	if (!load(skb, c->off, h, 4))
		return 0;
	__u16 flags = be16(h[0]);
	c->type = be16(h[1]);
	if (flags & 7) // version 1 is PPTP
		return 0;
	c->off += 4;
	if (flags & 0x8000)
		c->off += 4;
	if (flags & 0x2000)
		c->off += 4;
	if (flags & 0x1000)
		c->off += 4;
	if (c->type == ETH_BRIDGED)
		return ethernet(skb, c);
	if (c->type == ETH_ERSPAN2) {
		if (flags & 0x1000) // without a sequence number it is type I, which has no header
			c->off += 8;
		return ethernet(skb, c);
	}
	if (c->type == ETH_ERSPAN3) {
		__u8 last;
		if (!load(skb, c->off + 11, &last, 1))
			return 0;
		c->off += last & 1 ? 20 : 12;
		return ethernet(skb, c);
	}
	return c->type == ETH_IPV4 || c->type == ETH_IPV6;
}

// RFC 7348 (VXLAN), RFC 8926 (GENEVE).
INLINE int udp(struct __sk_buff *skb, struct cursor *c)
{
	__u16 port;
	if (!load(skb, c->off + 2, &port, 2))
		return 0;
	if (port == be16(PORT_VXLAN)) {
		__u8 flags;
		if (!load(skb, c->off + 8, &flags, 1) || !(flags & 8))
			return 0;
		c->off += 16;
		return ethernet(skb, c);
	}
	if (port == be16(PORT_GENEVE)) {
		__u8 h[4];
		if (!load(skb, c->off + 8, h, 4) || h[0] >> 6)
			return 0;
		c->off += 16 + (h[0] & 63) * 4;
		c->type = h[2] << 8 | h[3];
		if (c->type == ETH_BRIDGED)
			return ethernet(skb, c);
		return c->type == ETH_IPV4 || c->type == ETH_IPV6;
	}
	return 0;
}

// Moves into what a packet of protocol proto carries; 0 when that is no tunnel.
INLINE int tunnel(struct __sk_buff *skb, struct cursor *c, __u8 proto)
{
	switch (proto) {
	case IP_IPV4:
		c->type = ETH_IPV4;
		return 1;
	case IP_IPV6:
		c->type = ETH_IPV6;
		return 1;
	case IP_GRE:
		return gre(skb, c);
	case IP_UDP:
		return udp(skb, c);
	}
	return 0;
}

INLINE int ipv4(struct __sk_buff *skb, struct cursor *c)
{
	__u8 h[20];
	if (!load(skb, c->off, h, 20) || h[0] >> 4 != 4)
		return 0;
	__u32 a = h[12] << 24 | h[13] << 16 | h[14] << 8 | h[15];
	__u32 b = h[16] << 24 | h[17] << 16 | h[18] << 8 | h[19];
	c->hash = pair(a, b);
	if ((h[6] & 0x3f) | h[7]) // later fragments show no inner pair, so no fragment may use it
		return 0;
	c->off += (h[0] & 15) * 4;
	return tunnel(skb, c, h[9]);
}

INLINE int ipv6(struct __sk_buff *skb, struct cursor *c)
{
	__u8 first[8];
	__u32 w[8];
	if (!load(skb, c->off, first, 8) || first[0] >> 4 != 6 || !load(skb, c->off + 8, w, 32))
		return 0;
	c->hash = pair(fold(w), fold(w + 4));
	__u8 next = first[6];
	c->off += 40;
#pragma unroll
	for (int i = 0; i < 3; i++) {
		if (next != IP_HOP_BY_HOP && next != IP_ROUTING && next != IP_OPTIONS)
			break;
		__u8 e[2];
		if (!load(skb, c->off, e, 2))
			return 0;
		next = e[0];
		c->off += (e[1] + 1) * 8;
	}
	return tunnel(skb, c, next);
}

SEC("socket")
int fanout(struct __sk_buff *skb)
{
	struct cursor c = {.type = be16((__u16)skb->protocol)};
	int more = 1;
	for (int i = 0; i < 3 && more; i++) { // a tunnel in a tunnel, and the conversation in it
		if (c.type == ETH_VLAN || c.type == ETH_QINQ)
			if (!vlan(skb, &c))
				break;
		if (c.type == ETH_VLAN || c.type == ETH_QINQ)
			if (!vlan(skb, &c))
				break;
		if (c.type == ETH_IPV4)
			more = ipv4(skb, &c);
		else if (c.type == ETH_IPV6)
			more = ipv6(skb, &c);
		else
			return 0;
	}
	return c.hash;
}

char _license[] SEC("license") = "Dual BSD/GPL";
