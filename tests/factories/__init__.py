"""Made-up people and places, as plain as the tests need them."""
