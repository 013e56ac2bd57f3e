"""Quadruplets that no rule rejected -> the same with what a model says of them; the rest passes through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from remud_gen import registry
from remud_gen.config import Config, JudgeConfig
from remud_gen.errors import ConfigError, RecordError
from remud_gen.judge_records import PlantedOutcome, ProbeOutcome, Probing
from remud_gen.llm.allow_list import check_outbound
from remud_gen.llm.endpoint import check_url
from remud_gen.llm.judging.case import Case, draw
from remud_gen.llm.judging.desk import Desk, load_prompts
from remud_gen.llm.judging.planting import Planted, choose_originals, choose_partners, plant
from remud_gen.llm.judging.probe import FAILED, SHARED_CODES, Examined, Finding, Probe, build_probes, check_codes
from remud_gen.llm.opening import name_asked
from remud_gen.llm.together import settle_all
from remud_gen.protocols import Asker
from remud_gen.records import Quadruplet, Verdict
from remud_gen.rules.model_families import share_family
from remud_gen.stages.base import AsyncStage, Failure, Rejection

Outcome = Quadruplet | Failure | Rejection[Quadruplet]
SHAPING = (
    "model", "temperature", "sampling_temperature", "max_output_tokens", "max_image_side_px", "repeats", "shares",
    "planted_share", "weak_below", "severities", "seed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Call:
    """One probe of one record, or of a bad one made of it."""

    probe: Probe
    case: Case
    planted: Planted | None = None


class JudgeStage(AsyncStage[Quadruplet, Quadruplet]):
    """Ask about every record that is left. What is wrong with a record becomes verdicts, what was asked is kept with
    it; whether the verdicts of a tested probe count is settled over the whole run, by the planted bad records.
    """

    name, version = "judge", 1

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._judge = config.resolve_judge()
        self._probes = build_probes(self._judge)
        self._prompts = load_prompts(self._judge, config.generate.prompts)
        self._partners: dict[str, Quadruplet] = {}
        self._originals: set[str] = set()

    @property
    def model(self) -> JudgeConfig:
        """The model that judges."""
        return self._judge

    def settings(self) -> Mapping[str, object]:
        """All that shapes a question or what is made of its reply."""
        values = self._judge.model_dump(mode="json")
        return {
            "client": name_asked(self._judge),
            **{name: values[name] for name in SHAPING},
            "probes": {probe.name: probe.version for probe in self._probes},
            "prompts": {prompt.label: prompt.sha256 for prompt in self._prompts.values()},
            "privacy": self.config.privacy.model_dump(include={"clinical", "books"}),
        }

    def libraries(self) -> Sequence[str]:
        """json-repair decides what is read out of a broken reply, rapidfuzz which quotes stand."""
        return ("json-repair", "rapidfuzz")

    def check(self) -> None:
        """Refuse to start without a model, or with severities of codes that nobody gives."""
        if self._judge.client == "extractive" or self._judge.model is None:
            told = f"judge.probes ({', '.join(self._judge.probes)}) need a model, and none is set"
            hint = "set judge.model and judge.base_url, of another family than the generator; its key in REMUD_API_KEY"
            raise ConfigError(told, hint)
        if self._judge.base_url is not None:
            check_url(self._judge.base_url)
        known = dict(SHARED_CODES)
        for name in registry.names("probes"):
            known |= registry.load("probes", name).codes
        check_codes(self._judge, known)
        check_outbound(self.config, self._judge)

    def warn(self) -> str | None:
        """A judge of the generator's family favours what that wrote."""
        judge, generator = self._judge.model or "", self.config.generate.model
        family = share_family(judge, generator) if generator is not None else None
        if family is None:
            return None
        return f"{judge} judges what {generator} wrote, of one family ({family}): set judge.model to one of another"

    def look_ahead(self, items: Sequence[Quadruplet], asked: Collection[int]) -> None:
        """See all records of a part: whose image may stand in for whose, and of which a bad one is made."""
        survivors = [item for item in items if item.status != "rejected"]
        names = {items[number].id for number in asked}
        partners = choose_partners(survivors)
        self._partners |= {name: partner for name, partner in partners.items() if name in names}
        self._originals |= choose_originals(survivors, self._judge.planted_share, self._judge.seed) & names

    async def process(self, item: Quadruplet, gateway: Asker) -> AsyncIterator[Outcome]:
        """The record with what every probe found; a probe without a usable reply leaves a doubt, and a failure beside.

        A record that rules have rejected costs nothing.
        """
        case = Case(item, self._partners.pop(item.id, None))
        calls = self._list_calls(case) if item.status != "rejected" else []
        self._originals.discard(item.id)
        if not calls:
            yield item
            return
        desk = Desk(self._judge, self._prompts, gateway)
        made = await settle_all([call.probe.examine(call.case, desk) for call in calls])
        family = share_family(self._judge.model or "", item.generation.model)
        yield _note(item, calls, made, family)
        for failure in {_fail(error): None for error in made if isinstance(error, RecordError)}:
            yield failure

    def _list_calls(self, case: Case) -> list[_Call]:
        """Every question about a record and its bad twins, in an order that tells nothing."""
        shares, seed = self._judge.shares, self._judge.seed
        calls: list[_Call] = []
        for probe in self._probes:
            share = shares.get(probe.name, 1.0)
            if not probe.fits(case) or draw(f"{seed}/{case.record.id}/{probe.name}") >= share:
                continue
            calls.append(_Call(probe, case))
            planted = plant(case, probe.name, seed) if probe.catching and case.record.id in self._originals else None
            if planted is not None:
                calls.append(_Call(probe, replace(case, record=planted.record), planted))
        return sorted(calls, key=lambda call: draw(f"{seed}/{case.record.id}/{call.probe.name}/{call.planted is None}"))


def _note(
    item: Quadruplet, calls: Sequence[_Call], made: Sequence[Examined | RecordError], family: str | None
) -> Quadruplet:
    """The record with its verdicts and the account of what was asked, in the order of the probes."""
    verdicts: list[Verdict] = []
    outcomes: dict[str, ProbeOutcome] = {}
    planted: dict[str, PlantedOutcome] = {}
    for call, result in zip(calls, made, strict=True):
        name = call.probe.name
        if call.planted is not None:
            planted[name] = _grade(name, call.planted, call.probe, result)
            continue
        if isinstance(result, RecordError):
            findings: Sequence[Finding] = [Finding(FAILED, "", f"{name}: {result.code}")]
            outcomes[name] = ProbeOutcome(probe=name, is_failed=True)
        else:
            findings = result.findings
            is_flagged = bool(_catch(call.probe, findings))
            outcomes[name] = result.outcome.model_copy(update={"is_flagged": is_flagged})
        verdicts += [verdict for finding in findings if (verdict := call.probe.judge(finding)) is not None]
    verdicts.sort(key=lambda verdict: (_RANK[verdict.severity], verdict.filter, verdict.code, verdict.field))
    probing = Probing(
        outcomes=tuple(outcomes[name] for name in sorted(outcomes)),
        planted=tuple(planted[name] for name in sorted(planted)),
        family=family,
    )
    return item.model_copy(update={"verdicts": (*item.verdicts, *verdicts), "probing": probing})


_RANK = {"reject": 0, "review": 1, "fix": 2, "info": 3}


def _catch(probe: Probe, findings: Sequence[Finding]) -> list[str]:
    """The codes that say that a record is bad; of a probe that is not tested, all of its own."""
    codes = probe.catching or frozenset(probe.codes)
    return sorted({finding.code for finding in findings if finding.code in codes})


def _grade(name: str, planted: Planted, probe: Probe, result: Examined | RecordError) -> PlantedOutcome:
    codes = [] if isinstance(result, RecordError) else _catch(probe, result.findings)
    return PlantedOutcome(
        probe=name,
        kind=planted.kind,
        changed=planted.changed,
        is_caught=bool(codes),
        is_failed=isinstance(result, RecordError),
        codes=tuple(codes),
    )


def _fail(error: RecordError) -> Failure:
    return Failure(error.code, f"a probe got no usable reply: {error.message}", error.hint, error.replies)
