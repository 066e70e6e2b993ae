"""Who answers for what, when: places, organisations, posts, people, terms, duties."""
