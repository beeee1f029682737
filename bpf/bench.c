//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// What the parts of the program of a mirror port cost, each beside the same frame left alone. Flows
// are made by writing another source port and address into the frame on every run.

#include "headers/xdp.h"
#include "headers/mirror.h"

static __u32 (*const bpf_get_prandom_u32)(void) = (void *)7;

volatile const __u32 flows = 1; /* a power of two */

/* Writes in the same words in which it will be read: as a frame that a card wrote, it is not on its
 * way to the memory any more. */
INLINE int next_flow(struct xdp_md *ctx, __u32 *number)
{
	void *f = (void *)(long)ctx->data;
	if (f + 38 > (void *)(long)ctx->data_end)
		return 0;
	__u32 n = *number = (bpf_get_prandom_u32() + *(__u32 *)f) & (flows - 1);
	*(__u64 *)(f + 26) = 10 | (n >> 8) << 16 | (__u64)10 << 32; // addresses
	*(__u32 *)(f + 34) = (__u16)n | 53 << 24; // ports
	return 1;
}

SEC("xdp.frags")
int flow_only(struct xdp_md *ctx)
{
	__u32 n;
	return next_flow(ctx, &n);
}

SEC("xdp.frags")
int flow_parse(struct xdp_md *ctx)
{
	struct packet p;
	__u32 n;
	if (!next_flow(ctx, &n))
		return 0;
	return parse(ctx, &p);
}

SEC("xdp.frags")
int flow_mirror(struct xdp_md *ctx)
{
	__u32 n;
	if (!next_flow(ctx, &n))
		return 0;
	return mirror_frame(ctx);
}

/* Reads one line of the table, as far from the last as flows are, and nothing else; which one comes
 * next is not known before. */
SEC("xdp.frags")
int flow_memory(struct xdp_md *ctx)
{
	__u32 n;
	if (!next_flow(ctx, &n))
		return 0;
	n = mix(n);
	__u32 number = bpf_get_smp_processor_id() * set_count + (n & (set_count - 1));
	struct set *s = bpf_map_lookup_elem(&table, &number);
	void *f = (void *)(long)ctx->data;
	if (!s || f + 4 > (void *)(long)ctx->data_end)
		return 0;
	*(__u32 *)f = s->way[n >> 30].spare;
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
