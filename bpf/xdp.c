//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// Mirror counts the packets of a mirror port where they arrive. User space gets whole frames of a
// direction until it has enough of it, in the order in which they came, through the ring of the
// pair of addresses; after that only what opens and ends a conversation, what is out of order and
// what follows a silence. Every packet is in exactly one place: in a ring, in the counters of an
// entry, or among those that were missed.

#include "headers/xdp.h"
#include "headers/mirror.h"

SEC("xdp.frags")
int mirror(struct xdp_md *ctx)
{
	return mirror_frame(ctx);
}

char _license[] SEC("license") = "Dual BSD/GPL";
