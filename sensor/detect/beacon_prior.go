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
	{6, [statCount]prior{{0, 0, 0}, {-1.471, -0.5365, 0.335}, {1.259, 2.007, 0.23}, {1.883, 2.663, 0.283}}},
	{7, [statCount]prior{{0, 0, 0}, {-2.78, -0.9917, 0.546}, {1.512, 2.067, 0.226}, {1.678, 2.249, 0.248}}},
	{9, [statCount]prior{{-10, -1.465, 1.09}, {-3.198, -1.067, 0.851}, {1.597, 2.103, 0.182}, {1.499, 2.078, 0.21}}},
	{11, [statCount]prior{{-10, -1.197, 1.09}, {-3.481, -0.1988, 1.27}, {1.618, 2.071, 0.165}, {1.302, 1.857, 0.141}}},
	{13, [statCount]prior{{-10, 0.08272, 0.761}, {-2.337, -0.6464, 0.604}, {1.601, 2.052, 0.196}, {1.22, 1.669, 0.156}}},
	{15, [statCount]prior{{0.5081, 1.739, 0.443}, {-4.027, -1.729, 0.998}, {1.584, 1.966, 0.166}, {1.168, 1.612, 0.149}}},
	{19, [statCount]prior{{1.145, 2.189, 0.441}, {-3.916, -1.181, 1.04}, {1.534, 1.828, 0.128}, {1.038, 1.45, 0.141}}},
	{23, [statCount]prior{{1.197, 2.309, 0.402}, {-3.514, -0.5934, 0.933}, {1.487, 1.78, 0.116}, {0.9469, 1.329, 0.107}}},
	{27, [statCount]prior{{1.994, 2.933, 0.344}, {-4.099, -0.7553, 0.984}, {1.467, 1.683, 0.0938}, {0.872, 1.229, 0.0803}}},
	{31, [statCount]prior{{1.33, 2.435, 0.48}, {-3.077, -0.2501, 1.23}, {1.492, 1.666, 0.0756}, {0.8131, 1.204, 0.073}}},
	{39, [statCount]prior{{1.44, 2.726, 0.559}, {-2.935, 0.8123, 1.1}, {1.484, 1.645, 0.0569}, {0.7277, 1.039, 0.123}}},
	{47, [statCount]prior{{3.647, 4.262, 0.267}, {-2.307, 1.793, 1.22}, {1.418, 1.568, 0.0565}, {0.6668, 0.9774, 0.118}}},
	{63, [statCount]prior{{4.27, 4.949, 0.187}, {-1.877, 2.488, 1.13}, {1.469, 1.608, 0.051}, {0.7234, 1.003, 0.085}}},
	{95, [statCount]prior{{5.086, 5.784, 0.294}, {0.538, 6.028, 1.56}, {1.467, 1.58, 0.0357}, {0.6101, 0.8734, 0.104}}},
	{127, [statCount]prior{{5.747, 6.563, 0.325}, {3.115, 9.709, 2.74}, {1.128, 1.446, 0.0774}, {0.2342, 0.5786, 0.135}}},
	{191, [statCount]prior{{7.091, 7.951, 0.29}, {7.931, 15.44, 2.69}, {1.141, 1.481, 0.0587}, {0.8041, 0.9176, 0.0412}}},
	{255, [statCount]prior{{8.028, 8.948, 0.251}, {12.06, 22.44, 2.97}, {1.157, 1.447, 0.0699}, {0.8964, 0.9764, 0.0217}}},
}
