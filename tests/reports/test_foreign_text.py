    assert "<script>hit" not in text
