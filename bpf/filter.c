//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// What xdp.c does where frames may not end or XDP cannot run, as the filter of a packet socket: it
// sees what the host sends, too. The socket itself never gets a frame.

#include "headers/skb.h"
#include "headers/mirror.h"

SEC("socket")
int counting(struct __sk_buff *skb)
{
	return mirror_frame(skb);
}

/* Holds counting: before Linux 6.7 a socket has room for a filter of 20 KB only. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} whole SEC(".maps");

SEC("socket")
int filter(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &whole, 0);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
