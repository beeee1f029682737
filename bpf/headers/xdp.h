/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A frame as XDP has it: its beginning where it lies, all tags in it. */
#pragma once
#include "kernel.h"

struct xdp_md {
	__u32 data;
	__u32 data_end;
	__u32 data_meta;
	__u32 ingress_ifindex;
};

#define CTX struct xdp_md

static __u64 (*const bpf_xdp_get_buff_len)(CTX *ctx) = (void *)188;
static long (*const bpf_xdp_load_bytes)(CTX *ctx, __u32 offset, void *to, __u32 len) = (void *)189;

/* Bytes of the first piece of the frame, and of those behind it. */
INLINE __u32 length(CTX *ctx)
{
	__u64 n = (__u64)ctx->data_end - ctx->data;
	forget(n); // pointers are subtracted as whole words
	return n;
}

INLINE __u32 behind(CTX *ctx) { return bpf_xdp_get_buff_len(ctx) - length(ctx); }
INLINE __u32 port(CTX *ctx) { return ctx->ingress_ifindex; }
INLINE __u32 tag_beside(CTX *ctx) { return 0; }
INLINE int copy(CTX *ctx, __u32 from, void *to, __u32 n) { return bpf_xdp_load_bytes(ctx, from, to, n) == 0; }
INLINE int begins(CTX *ctx) { return 1; }

/* The part of the frame that is read in place. */
INLINE int first(CTX *ctx, void **begin, void **end)
{
	*begin = (void *)(long)ctx->data;
	*end = (void *)(long)ctx->data_end;
	return 1;
}
