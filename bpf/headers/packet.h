/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The few kernel words the programs here need, so that no header of a kernel has to be installed. */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

/* struct __sk_buff is stable user API (linux/bpf.h); only its start is needed. Protocols are in
 * network byte order. */
struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
	__u32 queue_mapping;
	__u32 protocol;
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u32 priority;
	__u32 ingress_ifindex;
	__u32 ifindex;
};

#define BPF_HDR_START_NET 1

static long (*const bpf_skb_load_bytes_relative)(const void *skb, __u32 offset, void *to,
						 __u32 len, __u32 start) = (void *)68;

/* All machines for which it is built count from the lower end. */
#define be16(x) __builtin_bswap16(x)
#define be32(x) __builtin_bswap32(x)

/* The finaliser of MurmurHash3 (public domain). */
INLINE __u32 mix(__u32 h)
{
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	return h ^ h >> 16;
}

/* Neither sum nor difference knows which address came first. 0 is kept for "no pair". */
INLINE __u32 pair(__u32 a, __u32 b)
{
	__u32 h = mix((a ^ b) * 0x9e3779b9 + a + b);
	return h ? h : 1;
}

/* An IPv6 address as one word. */
INLINE __u32 fold(const __u32 *w) { return mix(mix(mix(w[0]) + w[1]) + w[2]) + w[3]; }

#define ETH_HEADER 14
#define ETH_IPV4 0x0800
#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8
#define ETH_OLDQ 0x9100
#define ETH_IPV6 0x86dd
#define ETH_BRIDGED 0x6558 /* transparent Ethernet bridging, RFC 7637 */
#define ETH_ERSPAN2 0x88be
#define ETH_ERSPAN3 0x22eb

#define IP_HOP_BY_HOP 0
#define IP_ICMP 1
#define IP_IPV4 4
#define IP_TCP 6
#define IP_UDP 17
#define IP_IPV6 41
#define IP_ROUTING 43
#define IP_FRAGMENT 44
#define IP_GRE 47
#define IP_AUTH 51
#define IP_ICMPV6 58
#define IP_OPTIONS 60
#define IP_SCTP 132

#define PORT_VXLAN 4789
#define PORT_OLD_VXLAN 8472 /* Linux's older habit */
#define PORT_GENEVE 6081
