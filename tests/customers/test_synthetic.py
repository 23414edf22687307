import io

from customers.synthetic import SAMPLE_FILE, SAMPLE_RANDOM_STATE, SAMPLE_ROWS, write_customers


def made(rows, random_state=0):
    stream = io.StringIO(newline="")
    write_customers(stream, rows, random_state=random_state)
    return stream.getvalue()


def test_the_bundled_sample_is_what_make_sample_makes():
    assert made(SAMPLE_ROWS, SAMPLE_RANDOM_STATE).encode() == SAMPLE_FILE.read_bytes()


def test_the_same_random_state_gives_the_same_bytes_and_another_gives_others():
    assert made(1_000, 7) == made(1_000, 7)
    assert made(1_000, 7) != made(1_000, 8)


def test_ids_run_on_over_the_chunks_and_values_stay_in_bounds():
    lines = made(50_001).splitlines()
    rows = [line.split(",") for line in lines[1:]]
    assert [row[0] for row in rows] == [str(number) for number in range(1, 50_002)]
    assert all(1 <= int(row[4]) <= 100 and 18 <= int(row[2]) <= 70 for row in rows)


def test_the_sample_has_five_groups_and_k_means_finds_them():
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    rows = np.loadtxt(SAMPLE_FILE, delimiter=",", skiprows=1, usecols=(3, 4))
    scaled = StandardScaler().fit_transform(rows)
    scores = {
        k: silhouette_score(scaled, KMeans(k, n_init=10, random_state=0).fit_predict(scaled))
        for k in range(2, 11)
    }
    assert max(scores, key=scores.__getitem__) == 5
