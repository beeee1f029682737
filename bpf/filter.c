//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// What xdp.c does where frames may not end or XDP cannot run, as the filter of a packet socket: it
// sees what the host sends, too. The socket itself never gets a frame.

#include "headers/skb.h"
#include "headers/mirror.h"

SEC("socket")
int filter(struct __sk_buff *skb)
{
	return mirror_frame(skb);
}

char _license[] SEC("license") = "Dual BSD/GPL";
