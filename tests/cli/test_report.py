"""`optlab report`."""

import pytest

import optlab
from optlab.results import store

EXPERIMENT = {"name": "r", "steps": 5, "record": {"points": 6}, "problem": [{"name": "sphere"}],
              "optimizer": [{"name": "gd", "lr": 0.1}]}  # fmt: skip


@pytest.fixture
def results(tmp_path):
    return optlab.run(EXPERIMENT, tmp_path / "results", plots=False)


def test_the_report_is_a_file_of_the_results(results, optlab_command, tmp_path):
    done = optlab_command("report", "results/r", cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("results/r/report.html\n", 0), done.stderr
    report = results.folder / "report.html"
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "report.html" in store.load(results.folder).manifest["pictures"]
    assert results.plots == []  # it is no picture
    other = {**EXPERIMENT, "steps": 6}
    optlab.run(other, tmp_path / "results", plots=False)
    assert not report.exists()  # it does not belong to the new results


def test_o_names_another_file(results, optlab_command, tmp_path):
    done = optlab_command("report", "results/r", "--landscapes", "-o", "page.html", cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("page.html\n", 0), done.stderr
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not (results.folder / "report.html").exists()
    assert [path.name for path in tmp_path.iterdir()].count("page.html") == 1


def test_o_in_a_folder_that_does_not_exist(results, optlab_command, tmp_path):
    done = optlab_command("report", "results/r", "-o", "none/page.html", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "--output none/page.html: there is no folder none\n")


def test_a_file_of_the_user_is_not_replaced(results, optlab_command, tmp_path):
    (results.folder / "report.html").write_text("mine")
    done = optlab_command("report", "results/r", cwd=tmp_path)
    assert done.returncode == 2
    assert "report.html: exists already and was not made by optlab" in done.stderr
    assert (results.folder / "report.html").read_text() == "mine"


def test_a_folder_that_does_not_exist_is_named(optlab_command, tmp_path):
    done = optlab_command("report", "results/none", cwd=tmp_path)
    assert done.returncode == 2
    assert "results/none" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(results):
    html = results.report()._repr_html_()
    assert html.startswith("<iframe sandbox=")
    frame, _, hint = html.partition("</iframe>")
    assert frame.count("<") == 1  # the page is an attribute, with escaped signs
    assert "trust this notebook" in hint  # which JupyterLab shows without the frame
    assert "allow-same-origin" not in html
