from handwriting.data.sources.mnist import MNIST


def test_the_real_files_give_the_official_sets_upright(shared_data):
    train, test = MNIST(root=str(shared_data)).read()
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    ones = test[test.labels == 1].images[:, 0] > 127
    height, width = ones.any(axis=2).sum(), ones.any(axis=1).sum()
    assert height > 2 * width
