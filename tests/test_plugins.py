import pytest

from wavegan import plugins
from wavegan.errors import UserError
from wavegan.losses.base import Loss

CONTEXT = {"n_mels": 80, "hop_length": 256, "sample_rate": 22050}


class Doubled(Loss):
    """A user's own loss."""

    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, estimate, reference):
        return self.factor * (estimate - reference).abs().mean()


class Plain(Loss):
    """One that has no options, so no constructor."""

    def forward(self, estimate, reference):
        return (estimate - reference).abs().mean()


def build(kind, name, options, **context):
    given = context or CONTEXT
    return plugins.build(kind, name, options, where=kind[:-1], context=given, own=True)


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_every_file_of_a_kind_holds_one_class_of_that_kind_with_a_docstring(kind):
    assert plugins.names(kind)
    for name in plugins.names(kind):
        assert plugins.find(kind, name).__doc__


def test_a_name_nearly_right_is_suggested():
    with pytest.raises(
        UserError, match=r"no 'hifigen' among the generators; did you mean 'hifigan'"
    ):
        plugins.find("generators", "hifigen")


def test_an_option_nearly_right_is_suggested():
    with pytest.raises(UserError, match=r"generator\.upsample_rate.*did you mean 'upsample_rates'"):
        build("generators", "hifigan", {"upsample_rate": [8, 8, 4]})


def test_a_value_of_the_wrong_type_names_the_field():
    with pytest.raises(UserError, match=r"generator\.upsample_initial_channel: .*integer.*'wide'"):
        build("generators", "hifigan", {"upsample_initial_channel": "wide"})


def test_options_are_converted_to_what_the_constructor_says():
    loss = build("losses", f"{__name__}:Doubled", {"factor": "3e-1"})
    assert loss.factor == pytest.approx(0.3)


def test_a_users_own_class_is_found_by_its_path_and_must_be_of_the_kind():
    assert plugins.find("losses", f"{__name__}:Doubled", own=True) is Doubled
    with pytest.raises(UserError, match="must inherit"):
        plugins.find("generators", f"{__name__}:Doubled", own=True)
    with pytest.raises(UserError, match="cannot load nowhere:Thing"):
        plugins.find("losses", "nowhere:Thing", own=True)


def test_an_option_that_contradicts_the_context_is_refused():
    with pytest.raises(UserError, match=r"generator\.n_mels is 100.* 80"):
        build("generators", "hifigan", {"n_mels": 100})


def test_the_context_reaches_only_constructors_that_ask():
    assert build("losses", f"{__name__}:Doubled", {}).factor == 2.0
    assert build("generators", "hifigan", {}).conv_pre.in_channels == 80


def test_a_module_that_is_not_found_is_met_with_where_to_put_it() -> None:
    with pytest.raises(UserError, match=r"nowhere_at_all.*PYTHONPATH"):
        plugins.find("losses", "nowhere_at_all:Own", own=True)


def test_a_module_without_a_constructor_has_no_options() -> None:
    assert isinstance(build("losses", f"{__name__}:Plain", {}), Plain)
    for option in ("args", "kwargs"):
        with pytest.raises(UserError, match=f"{option}: .*no such option"):
            build("losses", f"{__name__}:Plain", {option: 1})
