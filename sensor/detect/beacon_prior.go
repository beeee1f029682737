package detect

// prior is the upper tail of one statistic over series of chance.
type prior struct{ q90, q99, excess float64 }

// beaconPriors holds the tails by number of intervals; a series uses the row with
// the next lower number, whose tails are heavier. They come
// from 3,000 series of each family without a timer that calibrates, at a fixed seed,
// and each is that of the family where it reaches furthest:
//
//	go test ./sensor/detect -run BeaconPriors -calibrate -v
//
// prints the table, and without -calibrate the test compares a part of it.
var beaconPriors = []struct {
	intervals int
	stats     [statCount]prior
}{
	{5, [statCount]prior{{0, 0, 0}, {-1.365, 0.2114, 1.48}, {1.434, 2.005, 0.404}, {2.019, 2.845, 0.413}}},
	{7, [statCount]prior{{0, 0, 0}, {-1.64, 0.3255, 1.16}, {1.834, 2.475, 0.266}, {1.626, 2.289, 0.289}}},
	{9, [statCount]prior{{-10, -9.921, 9.49}, {-2.694, -0.2756, 1.17}, {1.098, 1.748, 0.416}, {1.474, 2.062, 0.227}}},
	{11, [statCount]prior{{-10, -0.1209, 0.613}, {-2.936, 0.2067, 1.35}, {1.147, 1.641, 0.322}, {1.174, 1.712, 0.193}}},
	{13, [statCount]prior{{-10, 0.08236, 0.729}, {-4.236, -1.505, 1.12}, {1.624, 2.123, 0.212}, {1.245, 1.708, 0.172}}},
	{15, [statCount]prior{{0.4693, 1.4, 0.541}, {-2.514, -0.5999, 0.774}, {1.592, 1.977, 0.146}, {1.156, 1.617, 0.133}}},
	{19, [statCount]prior{{1.482, 2.503, 0.325}, {-3.163, -0.6643, 0.949}, {1.539, 1.83, 0.145}, {1.035, 1.445, 0.135}}},
	{23, [statCount]prior{{2.117, 2.984, 0.247}, {-4.42, -1.914, 1.23}, {1.485, 1.752, 0.132}, {0.9423, 1.334, 0.122}}},
	{27, [statCount]prior{{2.744, 3.393, 0.207}, {-4.135, -1.002, 0.981}, {1.464, 1.676, 0.109}, {0.8735, 1.221, 0.0799}}},
	{31, [statCount]prior{{1.57, 2.621, 0.434}, {-3.382, -0.504, 1.32}, {1.491, 1.677, 0.0947}, {0.8128, 1.195, 0.0842}}},
	{39, [statCount]prior{{3.104, 3.946, 0.239}, {-3.529, -0.1376, 1.19}, {1.483, 1.651, 0.0771}, {0.7281, 1.051, 0.119}}},
	{47, [statCount]prior{{3.647, 4.262, 0.255}, {-6.667, -2.47, 1.96}, {1.473, 1.615, 0.0532}, {0.6751, 0.9897, 0.102}}},
	{63, [statCount]prior{{4.224, 4.949, 0.178}, {-13.68, -7.971, 3.46}, {1.467, 1.602, 0.0478}, {0.7304, 1.006, 0.0869}}},
	{95, [statCount]prior{{5.086, 5.849, 0.236}, {0.1044, 5.754, 1.84}, {1.469, 1.577, 0.0328}, {0.6048, 0.8729, 0.0852}}},
	{127, [statCount]prior{{5.772, 6.583, 0.358}, {2.466, 8.353, 2.02}, {1.111, 1.423, 0.0907}, {0.2302, 0.5419, 0.135}}},
	{191, [statCount]prior{{7.08, 7.95, 0.235}, {7.647, 15.11, 2.17}, {1.134, 1.475, 0.0516}, {-1.061, -0.5675, 0.388}}},
	{255, [statCount]prior{{8.026, 8.929, 0.261}, {11.46, 20.71, 2.77}, {1.149, 1.456, 0.0606}, {0.2158, 0.4905, 0.146}}},
}
