"""Filters: name -> class, imported on use by the registry. Their order is the funnel's: form first, corpus last."""

TABLE: dict[str, str] = {
    "form": "remud_gen.filters.form:FormFilter",
    "markup": "remud_gen.filters.markup:MarkupFilter",
    "choices": "remud_gen.filters.choices:ChoicesFilter",
    "text": "remud_gen.filters.text:TextFilter",
    "refusal": "remud_gen.filters.refusal:RefusalFilter",
    "leaks": "remud_gen.filters.leaks:LeaksFilter",
    "thinking": "remud_gen.filters.thinking:ThinkingFilter",
    "privacy": "remud_gen.filters.privacy:PrivacyFilter",
    "names": "remud_gen.filters.names:NamesFilter",
    "evidence": "remud_gen.filters.evidence:EvidenceFilter",
    "numbers": "remud_gen.filters.numbers:NumbersFilter",
    "meaning": "remud_gen.filters.meaning:MeaningFilter",
    "pair_conflict": "remud_gen.filters.pair_conflict:PairConflictFilter",
    "question": "remud_gen.filters.question:QuestionFilter",
    "images": "remud_gen.filters.images:ImagesFilter",
    "companions": "remud_gen.filters.companions:CompanionsFilter",
    "contamination": "remud_gen.filters.contamination:ContaminationFilter",
    "duplicates": "remud_gen.filters.duplicates:DuplicatesFilter",
    "balance": "remud_gen.filters.balance:BalanceFilter",
}
