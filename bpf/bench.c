//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// What the parts of the program of a mirror port cost, each beside the same frame left alone. Flows
// are made by writing another source port and address into the frame on every run.

#include "headers/xdp.h"
#include "headers/mirror.h"

static __u32 (*const bpf_get_prandom_u32)(void) = (void *)7;
static long (*const bpf_redirect)(__u32 ifindex, __u64 flags) = (void *)23;

volatile const __u32 flows = 1; /* a power of two */
volatile const __u32 to = 0; /* interface that send sends to */

struct frame {
	__u8 eth[14];
	struct ipv4 ip;
	__u16 sport, dport;
} __attribute__((packed));

INLINE int next_flow(struct xdp_md *ctx)
{
	struct frame *f = (void *)(long)ctx->data;
	if ((void *)(f + 1) > (void *)(long)ctx->data_end)
		return 0;
	__u32 n = bpf_get_prandom_u32() & (flows - 1);
	f->sport = n;
	f->ip.src = 10 | (n >> 8) << 16;
	return 1;
}

SEC("xdp.frags")
int flow_only(struct xdp_md *ctx)
{
	return next_flow(ctx);
}

SEC("xdp.frags")
int flow_parse(struct xdp_md *ctx)
{
	struct packet p;
	if (!next_flow(ctx))
		return 0;
	return parse(ctx, length(ctx), &p);
}

SEC("xdp.frags")
int flow_mirror(struct xdp_md *ctx)
{
	if (!next_flow(ctx))
		return 0;
	return mirror_frame(ctx);
}

SEC("xdp")
int send(struct xdp_md *ctx)
{
	next_flow(ctx);
	return bpf_redirect(to, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
