"""The report in a real browser, opened from disk, offline: what a reader does, without errors."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from project import ROOT, Project

from facsimile.datasets import DatasetError
from facsimile.report import _packages

pytestmark = pytest.mark.slow
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
SIZES = {"laptop": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def libraries():
    """The folder with the libraries of the pages, in this repository."""
    folder = ROOT / "results" / "web"
    try:
        for package in _packages.packages():
            _packages.fetch(package.official, folder)
    except DatasetError as error:
        pytest.skip(f"the libraries of the pages cannot be downloaded: {error}")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory, libraries):
    """The tiny study and its report, made by snakemake."""
    tiny = Project.create(tmp_path_factory.mktemp("report") / "project")
    shutil.copytree(libraries, tiny.folder / "results" / "web")
    tiny.snakemake("tiny_report")
    return tiny


@pytest.fixture(scope="module")
def index(project):
    """Address of the report on disk, copied to a folder without the rest of the project."""
    report = project.folder / "results/studies/tiny/smoke/report"
    elsewhere = project.folder.parent / "sent to a friend"
    shutil.copytree(report, elsewhere, dirs_exist_ok=True)
    return (elsewhere / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=SIZES)
def page(request, browser, index):
    """The report, loaded; any message on the console is an error."""
    width, height = SIZES[request.param]
    phone = request.param == "phone"
    context = browser.new_context(
        viewport={"width": width, "height": height},
        is_mobile=phone,
        has_touch=phone,
        offline=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(180_000)  # against hanging, not against slow machines
    opened = context.new_page()
    messages: list[str] = []
    opened.on("console", lambda message: messages.append(message.text))
    opened.on("pageerror", lambda error: messages.append(str(error)))
    opened.on("requestfailed", lambda failed: messages.append(f"{failed.url}: {failed.failure}"))
    opened.goto(index)
    opened.wait_for_selector("html[data-ready=true]")
    yield opened
    context.close()
    assert messages == []


def test_only_what_the_pages_are_made_of_makes_them_again(project, tmp_path):
    copy = project.copy(tmp_path / "project")
    assert copy.jobs("tiny_report") == {}
    copy.edit("/* Colours", "/* The colours", "workflow/facsimile/report/web/styles/base.css")
    assert copy.jobs("tiny_report") == {"report": 1, "tiny_report": 1}


def shown_rows(page):
    return page.locator("#table .tabulator-tableholder .tabulator-row")


def pixels(page):
    """The decoded picture, uint8 [h, w]."""
    address = page.evaluate("document.getElementById('decoded').toDataURL()")
    return np.asarray(
        Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("L")
    ).astype(int)


def test_it_fits_its_screen_and_shows_every_section(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for section in ("top", "comparison", "tables", "figures", "scores", "latents", "making"):
        assert page.locator(f"section#{section}").is_visible()
    page.locator("#figures img").first.scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.images].every("
        "(image) => !image.src.startsWith('file') || image.naturalWidth > 0)"
    )


def test_a_jump_holds_on_to_its_aim_while_the_page_grows(page):
    assert page.evaluate(
        "[...document.querySelectorAll('.paper img')].every((image) => image.offsetHeight > 50)"
    )
    page.locator(".bar nav a[href='#making']").click()
    page.evaluate("document.getElementById('tables').style.marginTop = '3000px'")
    page.wait_for_function(
        "Math.abs(document.getElementById('making').getBoundingClientRect().top) < innerHeight / 2"
    )


def test_filtering_shows_the_runs_that_fit(page, project):
    counted = page.locator("#counted").inner_text()
    assert re.fullmatch(r"6 of 6 runs, in 4 cells · mean MIG 0\.\d{3}", counted)
    page.select_option("#filters [name=model]", label="β-VAE")
    page.locator("#counted", has_text="4 of 6 runs").wait_for()
    assert shown_rows(page).count() == 4
    # Part of a run's name; a word such as 4 may be in the hash of any run.
    _, _, hash8, _ = next(iter(project.weights())).split("/")
    page.fill("#filters [name=words]", f"β {hash8}")
    page.locator("#counted", has_text="2 of 6 runs").wait_for()
    page.click("#filters [type=reset]")
    page.locator("#counted", has_text="6 of 6 runs").wait_for()


def test_sorting_by_the_keyboard_sorts(page):
    head = page.locator("#table .tabulator-col[tabulator-field=s0]")
    head.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('#table [tabulator-field=s0]').ariaSort === 'descending'"
    )
    values = [
        float(text)
        for text in page.locator(
            "#table .tabulator-tableholder [tabulator-field=s0]"
        ).all_inner_texts()
    ]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 1


def test_the_score_of_a_clicked_number_is_in_view_with_the_mean_of_its_runs(page):
    number = page.locator("#tables a.number", has_text=".").last
    value = number.inner_text()
    number.click()
    column = page.locator("#table .tabulator-col.chosen")
    column.wait_for()
    box = column.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]
    assert page.locator("#counted").inner_text().endswith(value)


def test_the_record_of_a_run_shows_its_losses_along_training(page, project):
    key = next(key for key in sorted(project.weights()) if "beta_vae" in key)
    page.evaluate(f"location.hash = '#run/{key}'")
    page.locator("dialog[open] #run-curves svg").wait_for()
    assert "Losses along training" in page.locator("dialog[open]").inner_text()


def test_a_number_of_a_table_leads_to_its_runs_and_these_to_their_records(page, project):
    page.locator("#tables a.number").first.click()
    page.locator("#counted", has_text="4 of 6 runs").wait_for()
    number = page.locator("#table .tabulator-tableholder a.number").first
    value, key = number.inner_text(), re.search(r"#run/(.*)\?", number.get_attribute("href"))[1]
    number.click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    record = project.record(key)
    text = dialog.inner_text()
    assert value in text
    for value_of_record in (
        key,
        record["weights_sha256"],
        record["versions"]["torch"],
        record["statement"]["model"],
        record["precision"],
    ):
        assert str(value_of_record) in dialog.text_content()
    assert f"{record['steps']} steps" in text
    page.keyboard.press("Escape")
    page.wait_for_function("location.hash.startsWith('#scores')")
    assert page.locator("dialog[open]").count() == 0


def test_moving_a_latent_by_the_keyboard_changes_the_picture(page):
    page.locator("#latents").scroll_into_view_if_needed()
    page.locator("#strips[data-done]").wait_for()
    before = pixels(page)
    assert before.shape == (64, 64)
    slider = page.locator("#sliders input").first
    slider.focus()
    start, address = (
        float(slider.input_value()),
        page.evaluate("document.getElementById('decoded').toDataURL()"),
    )
    page.keyboard.press("End")
    page.wait_for_function(
        "(before) => document.getElementById('decoded').toDataURL() !== before", arg=address
    )
    assert float(slider.input_value()) > start
    assert np.abs(pixels(page) - before).max() > 0
    page.click("#posterior")
    page.wait_for_function(
        "(start) => Number(document.querySelector('#sliders input').value) === start", arg=start
    )


def test_latents_stand_in_the_order_of_their_kl_and_the_matrix_has_a_row_each(page):
    page.locator("#latents").scroll_into_view_if_needed()
    page.locator("#strips[data-done]").wait_for()
    texts = page.locator("#sliders label small").all_inner_texts()
    kl = [float(text.split()[0]) for text in texts]
    assert len(kl) == 4
    assert kl == sorted(kl, reverse=True)
    assert page.locator("#matrix tbody tr").count() == 4
    assert (
        page.locator("#matrix thead th").count() == 4
    )  # the factors of toy: shape, size and two positions


def test_an_address_opens_what_it_names(page, index, project):
    key = next(key for key in project.weights() if "/beta_vae/" in key)
    page.goto("about:blank")
    page.goto(f"{index}#run/{key}")
    page.locator("dialog[open]", has_text=key).wait_for()
