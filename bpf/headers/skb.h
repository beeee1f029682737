/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A frame as a filter of a packet socket has it: to be copied, with the outermost tag beside it. */
#pragma once
#include "kernel.h"

#define CTX struct __sk_buff
#define FIRST 256 /* bytes in which headers are looked for */
#define FARTHEST 0x4000 /* no reading gets so far, whatever lengths a frame claims */

/* The beginning of the frame at hand; nothing behind n is of this frame. */
struct beginning {
	__u8 bytes[FARTHEST];
	__u32 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct beginning);
} beginnings SEC(".maps");

static long (*const bpf_skb_load_bytes)(CTX *skb, __u32 offset, void *to, __u32 len) = (void *)26;

INLINE __u32 length(CTX *ctx) { return ctx->len; }
INLINE __u32 behind(CTX *ctx) { return 0; }
INLINE __u32 port(CTX *ctx) { return ctx->ifindex; }

/* EtherType and tag control of the tag that the kernel took out, 0 none. */
INLINE __u32 tag_beside(CTX *ctx)
{
	return ctx->vlan_present ? (__u32)be16((__u16)ctx->vlan_proto) << 16 | ctx->vlan_tci : 0;
}

INLINE int copy(CTX *ctx, __u32 from, void *to, __u32 n) { return bpf_skb_load_bytes(ctx, from, to, n) == 0; }

INLINE int begins(CTX *ctx)
{
	__u32 zero = 0, n = ctx->len < FIRST ? ctx->len : FIRST;
	struct beginning *b = bpf_map_lookup_elem(&beginnings, &zero);
	forget(n);
	if (!b || (int)n < 1 || n > FIRST || !copy(ctx, 0, b->bytes, n))
		return 0;
	b->n = n;
	return 1;
}

/* The part of the frame that is read in place. */
INLINE int first(CTX *ctx, void **begin, void **end)
{
	__u32 zero = 0;
	struct beginning *b = bpf_map_lookup_elem(&beginnings, &zero);
	forget(ctx); // a function that seems not to use it would not be given it
	if (!b || b->n > FIRST)
		return 0;
	*begin = b->bytes;
	*end = b->bytes + b->n;
	return 1;
}
