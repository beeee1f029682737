package detect

// prior is the upper tail of one statistic over series of chance.
type prior struct{ q90, q99, excess float64 }

// beaconPriors holds the tails by number of intervals; a series uses the row with
// the next lower number, whose tails are heavier. They come
// from 4,000 series of each family without a timer that calibrates, at a fixed seed,
// and each is that of the family where it reaches furthest:
//
//	go test ./sensor/detect -run BeaconPriors -calibrate -v
//
// prints the table, and without -calibrate the test compares a part of it.
var beaconPriors = []struct {
	intervals int
	stats     [statCount]prior
}{
	{5, [statCount]prior{{0, 0, 0}, {-1.382, 0.1247, 1.21}, {1.756, 2.468, 0.308}, {2.004, 2.832, 0.408}}},
	{7, [statCount]prior{{0, 0, 0}, {-2.101, -0.5936, 1.37}, {1.835, 2.467, 0.285}, {1.685, 2.324, 0.232}}},
	{9, [statCount]prior{{-10, -1.693, 1.23}, {-3.101, -1.469, 1.51}, {1.735, 2.308, 0.293}, {1.48, 2.078, 0.217}}},
	{11, [statCount]prior{{-10, -0.9573, 0.905}, {-2.965, -0.006721, 1.35}, {1.659, 2.147, 0.222}, {1.18, 1.73, 0.178}}},
	{13, [statCount]prior{{-0.1209, 0.952, 0.572}, {-4.236, -1.53, 1.13}, {1.622, 2.123, 0.281}, {1.246, 1.717, 0.174}}},
	{15, [statCount]prior{{0.5081, 1.515, 0.492}, {-4.123, -1.812, 1.04}, {0.9823, 1.581, 0.239}, {1.162, 1.623, 0.123}}},
	{19, [statCount]prior{{1.98, 2.833, 0.326}, {-3.202, -0.7118, 0.919}, {1.539, 1.823, 0.126}, {1.04, 1.448, 0.135}}},
	{23, [statCount]prior{{1.658, 2.604, 0.334}, {-4.452, -1.886, 1.15}, {1.486, 1.76, 0.133}, {0.7202, 1.485, 0.119}}},
	{27, [statCount]prior{{1.905, 2.822, 0.351}, {-4.136, -1.142, 1.06}, {1.5, 1.702, 0.102}, {0.006789, 1.341, 0.135}}},
	{31, [statCount]prior{{2.237, 3.175, 0.319}, {-3.339, -0.3786, 1.27}, {1.492, 1.701, 0.0737}, {-0.2381, 1.247, 0.125}}},
	{39, [statCount]prior{{3.373, 3.879, 0.253}, {-3.564, -0.08604, 1.24}, {1.485, 1.654, 0.0771}, {-0.4548, 1.01, 0.179}}},
	{47, [statCount]prior{{3.659, 4.316, 0.241}, {-3.332, 0.06534, 1.58}, {1.471, 1.622, 0.0522}, {-0.5343, 0.008986, 0.534}}},
	{63, [statCount]prior{{4.234, 4.959, 0.209}, {-2.216, 1.977, 1.14}, {1.466, 1.605, 0.0465}, {-0.4929, 0.115, 0.497}}},
	{95, [statCount]prior{{5.066, 5.849, 0.236}, {0.2048, 5.754, 1.84}, {1.469, 1.577, 0.035}, {0.2284, 0.5443, 0.168}}},
	{127, [statCount]prior{{5.783, 6.583, 0.341}, {2.451, 8.338, 1.96}, {1.111, 1.422, 0.0918}, {0.2314, 0.5456, 0.141}}},
	{191, [statCount]prior{{7.045, 7.935, 0.225}, {7.451, 15.11, 2.29}, {1.133, 1.475, 0.0521}, {0.2091, 0.4769, 0.144}}},
	{255, [statCount]prior{{8.026, 8.936, 0.247}, {11.72, 20.7, 2.6}, {1.151, 1.465, 0.0572}, {0.2143, 0.491, 0.141}}},
}
