"""A smaller picture that a model changed, brought back to full size."""

import cv2
import numpy as np

from genkol.vision.returned import brought_back
from tests.unit.vision.figures import noise

FULL = noise(3, 240, 320, smooth=0.8)  # finer than the half size can hold
SENT = cv2.resize(FULL, (160, 120), interpolation=cv2.INTER_AREA)


def changed() -> np.ndarray:
    back = SENT.copy()
    back[40:80, 50:110] = (200, 30, 60)
    return back


def test_an_unchanged_picture_comes_back_as_it_was():
    assert np.abs(brought_back(FULL, SENT, SENT) - FULL).max() == 0


def test_fine_detail_stays_where_nothing_was_changed():
    out = brought_back(FULL, SENT, changed())
    away = np.ones(FULL.shape[:2], bool)
    away[66:174, 86:234] = False
    assert np.abs(out - FULL)[away].max() == 0


def test_no_old_detail_shines_through_what_is_new():
    out = brought_back(FULL, SENT, changed())
    assert np.abs(out[90:150, 110:210] - (200, 30, 60)).max() < 2


def test_the_noise_of_the_model_is_left_out():
    noisy = np.clip(SENT.astype(int) + np.random.default_rng(0).integers(-2, 3, SENT.shape), 0, 255).astype(np.uint8)
    assert np.abs(brought_back(FULL, SENT, noisy) - FULL).max() == 0


def test_a_shadow_leaves_the_fine_detail():
    darker = (SENT * 0.9).astype(np.uint8)
    out = brought_back(FULL, SENT, darker)
    fine = FULL - cv2.GaussianBlur(FULL.astype(np.float32), (0, 0), 2)
    kept = out - cv2.GaussianBlur(out, (0, 0), 2)
    assert np.corrcoef(fine.ravel(), kept.ravel())[0, 1] > 0.9
    assert 0.87 < out.mean() / FULL.mean() < 0.93


def test_at_full_size_the_answer_is_taken_as_it_is():
    back = 255 - FULL
    assert (brought_back(FULL, FULL, back) == back).all()
