from gateway.config.packages import foreign_packages


def test_another_owner_of_an_import_name_is_told() -> None:
    """`adapters` is on PyPI too: whichever is imported, one of the two applications breaks."""
    owners = {"adapters": ["adapters", "ordergate"], "policies": ["ordergate"], "gateway": ["kong", "apigee"]}
    sentences = foreign_packages(owners)
    assert [sentence.split(" also ")[0] for sentence in sentences] == [
        "the distribution adapters",
        "the distribution apigee",
        "the distribution kong",
    ]
    assert "'adapters'" in sentences[0]


def test_this_environment_has_none() -> None:
    """What is installed here is Ordergate and what it needs."""
    assert foreign_packages() == []
