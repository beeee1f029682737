package detect

// prior is the upper tail of one statistic over series of chance.
type prior struct{ q90, q99, excess float64 }

// beaconPriors holds the tails by number of intervals; a series uses the row with
// the next lower number, whose tails are heavier. They come
// from 2,500 series of each family without a timer that calibrates, at a fixed seed,
// and each is that of the family where it reaches furthest:
//
//	go test ./sensor/detect -run BeaconPriors -calibrate -v
//
// prints the table, and without -calibrate the test compares a part of it.
var beaconPriors = []struct {
	intervals int
	stats     [statCount]prior
}{
	{5, [statCount]prior{{0, 0, 0}, {0.2205, 1.984, 1.26}, {1.764, 2.459, 0.289}, {2.004, 2.804, 0.414}}},
	{7, [statCount]prior{{0, 0, 0}, {-1.967, -0.3859, 1.53}, {1.826, 2.512, 0.277}, {1.631, 2.294, 0.302}}},
	{9, [statCount]prior{{-10, -1.578, 1.14}, {-2.288, 0.9544, 1.08}, {1.735, 2.314, 0.29}, {1.492, 2.096, 0.22}}},
	{11, [statCount]prior{{-10, -0.9573, 0.873}, {-2.551, 0.8732, 1.53}, {1.07, 1.62, 0.346}, {1.176, 1.703, 0.179}}},
	{13, [statCount]prior{{-0.3402, 0.9313, 0.553}, {-3.741, -0.8282, 1.17}, {1.623, 2.123, 0.281}, {1.221, 1.693, 0.159}}},
	{15, [statCount]prior{{0.4693, 1.4, 0.539}, {-5.096, -2.076, 1.21}, {1.592, 1.975, 0.16}, {1.165, 1.617, 0.142}}},
	{19, [statCount]prior{{1.98, 2.833, 0.326}, {-2.946, -0.4185, 0.939}, {1.534, 1.832, 0.146}, {1.03, 1.427, 0.145}}},
	{23, [statCount]prior{{1.723, 2.604, 0.348}, {-6.755, -3.839, 1.71}, {1.485, 1.767, 0.127}, {0.9476, 1.334, 0.115}}},
	{27, [statCount]prior{{2.287, 3.124, 0.263}, {-7.671, -3.068, 1.65}, {0.8059, 1.173, 0.218}, {0.8717, 1.222, 0.0825}}},
	{31, [statCount]prior{{1.349, 2.418, 0.484}, {-7.813, -3.105, 1.94}, {1.492, 1.674, 0.112}, {0.8097, 1.203, 0.0772}}},
	{39, [statCount]prior{{3.427, 4.141, 0.212}, {-9.408, -2.985, 2.31}, {1.384, 1.555, 0.0846}, {0.7331, 1.038, 0.116}}},
	{47, [statCount]prior{{3.647, 4.262, 0.262}, {-2.293, 1.58, 1.13}, {1.473, 1.612, 0.0455}, {0.6665, 0.9774, 0.113}}},
	{63, [statCount]prior{{4.234, 4.92, 0.207}, {-12.87, -4.083, 3.63}, {1.468, 1.602, 0.0524}, {0.7304, 1, 0.09}}},
	{95, [statCount]prior{{5.086, 5.85, 0.264}, {0.5688, 5.968, 1.61}, {1.469, 1.578, 0.0332}, {0.61, 0.8733, 0.1}}},
	{127, [statCount]prior{{5.747, 6.563, 0.341}, {-20.25, -7.101, 6.66}, {1.116, 1.437, 0.0786}, {0.2339, 0.559, 0.135}}},
	{191, [statCount]prior{{7.049, 7.972, 0.256}, {-26.54, -8.946, 9.93}, {1.146, 1.477, 0.0587}, {-1.061, -0.581, 0.379}}},
	{255, [statCount]prior{{8.041, 8.958, 0.244}, {-34.03, -11.02, 16.2}, {1.153, 1.45, 0.0682}, {0.2161, 0.4715, 0.149}}},
}
