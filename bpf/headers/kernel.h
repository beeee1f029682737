/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a program of a mirror port needs of the kernel, wherever it runs: all of it is stable user
 * API (linux/bpf.h). How it comes at a frame say xdp.h and skb.h. */
#pragma once
#include "packet.h"

#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_PROG_ARRAY 3
#define BPF_MAP_TYPE_PERCPU_ARRAY 6
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_F_MMAPABLE 1024
#define BPF_RB_NO_WAKEUP 1

#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static __u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static long (*const bpf_tail_call)(void *ctx, void *map, __u32 index) = (void *)12;
static __u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static void (*const bpf_ringbuf_discard)(void *data, __u64 flags) = (void *)133;
static __u64 (*const bpf_jiffies64)(void) = (void *)118;
static __u64 (*const bpf_ktime_get_coarse_ns)(void) = (void *)160;

/* A function that the verifier looks at by itself: it forgets what the caller knows, so the paths
 * through the two do not multiply. Pointers among its arguments may be 0 for all it knows. */
#define APART __attribute__((noinline))

/* Makes the compiler forget what it knows of a number, so that it keeps the check
 * behind it, which the verifier wants to see. */
#define forget(x) asm volatile("" : "+r"(x))
#define order() asm volatile("" ::: "memory")
