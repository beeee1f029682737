//go:build !amd64 && !arm64

package rights

const arch, foreign = 0, 1<<32 - 1
