from trainer.recognition.labels import DIGITS, LABELS, NOT_A_DIGIT, NOT_A_DIGIT_NAME, label_name


def test_each_label_has_one_name():
    assert [LABELS[str(digit)] for digit in range(DIGITS)] == list(range(DIGITS))
    assert LABELS[NOT_A_DIGIT_NAME] == NOT_A_DIGIT
    assert all(label_name(label) == name for name, label in LABELS.items())
