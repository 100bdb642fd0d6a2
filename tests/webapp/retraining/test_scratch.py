"""Where a worker trains."""

from webapp.retraining.scratch import writable_home


def test_a_worker_trains_in_its_home_folder_which_need_not_exist(tmp_path):
    with writable_home(tmp_path / "new" / "home") as home:
        assert home == tmp_path / "new" / "home"
        assert list(home.iterdir()) == []


def test_where_that_cannot_be_written_it_trains_elsewhere_and_leaves_nothing(tmp_path, caplog):
    (tmp_path / "file").touch()
    read_only = tmp_path / "file" / "home"
    with writable_home(read_only) as home:
        (home / "run").touch()
        assert (home / "data").readlink() == read_only / "data"  # what is there may be read
    assert not home.exists()
    assert "training in a temporary folder" in caplog.text
