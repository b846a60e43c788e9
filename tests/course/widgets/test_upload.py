import base64
import json

from tlteach.course.widgets.upload import File, Upload


def chosen(upload, *files):
    """What the page script does when files were chosen: (name, size, content or None)."""
    upload.field.value = json.dumps(
        [
            {"name": name, "size": size, "content": None if content is None else base64.b64encode(content).decode()}
            for name, size, content in files
        ]
    )


def test_files_arrive_with_their_bytes_and_may_come_again():
    seen = []
    upload = Upload("Your own", "image/*", seen.append)
    files = [("a.png", 3, b"\0\1\2"), ("b.png", 10**8, None), ("c.png", 0, b"")]
    chosen(upload, *files)
    chosen(upload, *files)
    assert seen == [[File(*file) for file in files]] * 2


def test_the_field_has_a_label_and_takes_many_files():
    upload = Upload("Your own <pictures>", "image/*", print)
    html = upload.view.children[0].value
    assert html.startswith("<label>Your own &lt;pictures&gt; <input ") and ' type="file" multiple ' in html
    assert f'data-tl-upload="{upload.field._dom_classes[0]}"' in html
