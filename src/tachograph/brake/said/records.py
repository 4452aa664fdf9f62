"""What parties, meters and verifiers state about work: compute, runs, weights, devices, traces.

Frozen dataclasses with ground fields, named by what happened; `statement.py` puts them into the one
union of what can be said. FLOP are floats (they pass 2**53); a digest names an object that whoever
audits finds by its SHA-256, unless its field says that it is the root of a Merkle tree. A later
version may only add a field whose default says what its absence means. Proven by
tests/brake/test_brake_records.py. Not covered: whether any of it is true, which is for the checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tachograph.ledger.kinds import Digest

CLASSES = ("training", "inference", "evaluation", "idle", "maintenance")
"""What a device can be doing. Closed: nothing else can be declared, so nothing hides under it."""

# Sites and meters


@dataclass(frozen=True)
class SiteDeclared:
    """A party declared what stands at a site. Holds until it declares anew."""

    site: str
    """Name of the site, as in the agreement."""
    devices: list[str]
    """Ids of all devices there; each id is unique over all parties and sites."""
    peak_flop_per_second: float
    """Of one device, at the number format that its work uses."""
    idle_watts: float
    """What one device draws when it does nothing, with its share of what stands around it."""
    busy_watts: float
    """What one device draws at its peak, with its share of what stands around it."""
    meter_error: float
    """Relative error of the energy meter, one standard deviation; 0.01 is one per cent."""


@dataclass(frozen=True)
class Heartbeat:
    """A meter is there. Its numbers have no gaps."""

    site: str
    """Name of the site."""
    meter: str
    """Name of the meter."""
    beat: int
    """Number of the beat of this meter, from 0."""
    interval_seconds: float = 0.0
    """When the next one is due, after this one; 0: not said."""
    previous: str = ""
    """SHA-256 of the payload of the meter's statement before this one; empty: it is its first."""
    away_seconds: float = 0.0
    """How long the meter did not run before this beat, by its clock; it has begun anew then."""
    clock_off_seconds: float = 0.0
    """What the meter's clock shows less what it should by the meter's own count: a clock that was
    set shows here."""


@dataclass(frozen=True)
class WindowReported:
    """A meter reported what a site did in one window of time. Windows have no gaps."""

    site: str
    """Name of the site."""
    meter: str
    """Name of the meter."""
    window: int
    """Number of the window of this meter, from 0."""
    began: str
    """Begin of the window, UTC."""
    seconds: float
    """Length of the window."""
    devices: list[str]
    """Ids of the devices that were switched on."""
    device_seconds: dict[str, float]
    """By class, of CLASSES. All of the devices' time is in one class."""
    flop: dict[str, float]
    """Estimated floating-point operations by class; idle does none."""
    energy_joules: float | None = None
    """What the site drew; None: nothing there measures it."""
    runs: dict[str, float] = field(default_factory=dict)
    """Training FLOP by run."""
    models: dict[str, float] = field(default_factory=dict)
    """Inference and evaluation FLOP by root of the weights that were used."""
    tokens: dict[str, float] = field(default_factory=dict)
    """Tokens by run, and by root of the weights that were used."""
    gpu_seconds: dict[str, float] = field(default_factory=dict)
    """By class, where GPUs are counted apart from the devices; empty: there are none."""
    away_seconds: float = 0.0
    """How much of the window the meter did not run; all devices count as training in it."""


# Training


@dataclass(frozen=True)
class RunDeclared:
    """A party declared a training run before it began."""

    run: str
    """Id of the run."""
    site: str
    """Where it runs."""
    task: str
    """What trains: a task by name, so that others find the meaning of its inputs."""
    code: Digest
    """The object that holds the training code: canonical JSON, path to text."""
    data: Digest
    """Commitment to the training data: the object's hash, known before the order is drawn."""
    order_commitment: Digest
    """SHA-256 of the secret that seeds the order of the data."""
    start_commitment: Digest
    """SHA-256 of the secret that seeds the initial weights; of 32 zero bytes where none does."""
    hyperparameters: dict[str, Any]
    """By name; numbers and text."""
    parameters: int
    """Weights of the model."""
    tokens_per_step: int
    """Tokens of one step."""
    steps: int
    """Steps that will be taken."""
    segment_steps: int
    """Steps from one committed checkpoint to the next."""
    parents: list[str] = field(default_factory=list)
    """Roots of weights, and runs, that it starts from or distils."""
    state_parents: list[str] = field(default_factory=list)
    """Roots of optimiser states that it starts from."""
    machine: dict[str, Any] = field(default_factory=dict)
    """What bit-exactness hangs on: instruction set, threads, library versions."""


@dataclass(frozen=True)
class WeightsCommitted:
    """A run committed to a checkpoint."""

    run: str
    """Id of the run."""
    step: int
    """Steps taken before it; 0: the initial weights."""
    root: Digest
    """Root of the Merkle tree over the weights' arrays, by name."""
    state: Digest
    """Root of the Merkle tree over the optimiser's arrays; of no leaves where it has none."""
    packed_weights: Digest
    """The object that holds the weights; withheld until it is asked for."""
    packed_state: Digest
    """The object that holds the optimiser's arrays; withheld likewise."""
    previous: str
    """Link to the checkpoint before: SHA-256 over its canonical body; empty at step 0."""


@dataclass(frozen=True)
class SegmentCommitted:
    """A run committed to how it came from one checkpoint to the next."""

    run: str
    """Id of the run."""
    segment: int
    """Number of the segment, from 0: it ends at step (segment + 1) * segment_steps, or the last."""
    before: Digest
    """Link to the checkpoint that it starts from."""
    after: Digest
    """Link to the checkpoint that it ends at."""
    batches: Digest
    """Root of the Merkle tree over the batches, one leaf a step, as they were used."""
    steps: Digest
    """Root of the Merkle tree over the checkpoints after each step, so that bisection can end."""
    losses: list[float]
    """Loss of each step, taken before its update."""
    flop: float
    """Estimated floating-point operations."""


@dataclass(frozen=True)
class RunCompleted:
    """A run ended; nothing may come to it. Only now can its segments be drawn."""

    run: str
    """Id of the run."""
    segments: int
    """Segments committed."""
    last: Digest
    """Link to the last checkpoint."""


# Re-execution


@dataclass(frozen=True)
class SegmentOpened:
    """A party opened a drawn segment: it says where the withheld objects are found."""

    run: str
    """Id of the run."""
    segment: int
    """Number of the segment."""
    leaves: list[str]
    """The leaves under the segment's `steps`, in hex, one a step."""
    inner: dict[str, list[str]]
    """By number of steps taken: the objects of weights and state after it, for a bisection."""


@dataclass(frozen=True)
class BeaconPromised:
    """A speaker committed to a secret share of a public random value."""

    beacon: str
    """Name of the beacon round."""
    commitment: Digest
    """SHA-256 of the secret."""


@dataclass(frozen=True)
class BeaconRevealed:
    """A speaker opened its share. It must come after all that the value is to choose among."""

    beacon: str
    """Name of the beacon round."""
    secret: str
    """32 bytes in hex."""


@dataclass(frozen=True)
class ToleranceCalibrated:
    """A verifier measured how far honest replays of a segment stray from each other."""

    party: str
    """Whose run it is."""
    run: str
    """Id of the run."""
    segment: int
    """Number of the segment."""
    distances: list[float]
    """Relative distances of honest replays on unlike machines."""
    tolerance: float
    """The distance that is allowed."""
    method: str
    """How it was made, in one sentence."""


@dataclass(frozen=True)
class SegmentReplayed:
    """A verifier took a drawn segment's steps again, in a box, and compared."""

    party: str
    """Whose run it is."""
    run: str
    """Id of the run."""
    segment: int
    """Number of the segment."""
    beacon: str
    """Name of the beacon round that drew it."""
    outcome: Literal["exact", "near", "far", "failed"]
    """Bit for bit; within the tolerance; beyond it; no result."""
    distance: float | None
    """|replayed - declared| / |declared step|; None where it failed or is not finite."""
    tolerance: float
    """The distance that was allowed; 0: bit for bit."""
    same_machine: bool
    """Whether instruction set, threads and libraries were those declared."""
    first_bad_step: int | None = None
    """Found by bisection, where the prover opened the checkpoints between; None: not sought."""
    detail: str = ""
    """Why, where it failed or what did not match; untrusted text."""
    cpu_seconds: float = 0.0
    """What the replay took."""


# A pause: what is served


@dataclass(frozen=True)
class WeightsFrozen:
    """A party listed all weights that it may serve while a pause holds."""

    roots: list[str]
    """Roots of committed checkpoints."""


@dataclass(frozen=True)
class OutputsServed:
    """A party committed to what a model put out in a window."""

    site: str
    """Name of the site."""
    window: int
    """Number of the site's window."""
    model: Digest
    """Root of the weights that were served."""
    outputs: Digest
    """Root of the Merkle tree over the served records, in order."""
    count: int
    """Records in it."""
    tokens: dict[str, float]
    """Tokens by customer, by a name that tells customers apart and says no more."""


@dataclass(frozen=True)
class OutputsOpened:
    """A party opened drawn records."""

    outputs: Digest
    """Root of the served records."""
    hashes: Digest
    """The object that holds the leaf hashes of all records, 32 bytes each, in order."""
    records: dict[str, Digest]
    """By number of the record, from 0: the object that holds it."""


@dataclass(frozen=True)
class ServedReplayed:
    """A verifier computed drawn outputs again, from the committed weights."""

    model: Digest
    """Root of the weights that the outputs are said to come from."""
    outputs: Digest
    """Root of the served records."""
    beacon: str
    """Name of the beacon round that drew the records."""
    drawn: int
    """Records drawn and replayed."""
    matched: int
    """Of them, those whose output was the same."""
    tokens: int
    """Tokens replayed."""
    exact: bool
    """Whether equality was asked bit for bit; False: of the chosen tokens only."""
    numbers: list[int] = field(default_factory=list)
    """Which records, from 0, so that others see that the beacon drew them; empty: not said."""


# Physical evidence


@dataclass(frozen=True)
class DeviceAttested:
    """A device vouched for itself."""

    site: str
    """Name of the site."""
    device: str
    """Id of the device."""
    nonce: str
    """The challenge that it answered, hex."""
    evidence: Digest
    """The object that holds the certificate chain and the signed report."""


@dataclass(frozen=True)
class AttestationAsked:
    """A verifier asked every device of a site to vouch for itself, freshly."""

    site: str
    """Name of the site."""
    nonce: str
    """The challenge, 32 bytes in hex; never used twice."""


@dataclass(frozen=True)
class ReferencesPublished:
    """A verifier published what device evidence is held against. Holds until it publishes anew."""

    vendors: dict[str, str]
    """Ed25519 public keys in hex, by name of whoever certifies devices."""
    measurements: list[str]
    """Digests of firmware that is known to be good, hex."""
    revoked: list[str]
    """Ids of devices whose keys are not trusted from this statement on."""


@dataclass(frozen=True)
class LoadModulationAsked:
    """A verifier named the beacon that says when a site must load its devices."""

    site: str
    """Name of the site."""
    window: int
    """Number of the site's window."""
    beacon: str
    """Name of the beacon round; its value gives the slots."""


@dataclass(frozen=True)
class TraceReported:
    """A sensor's samples over a window."""

    site: str
    """Name of the site."""
    meter: str
    """Name of the meter that reports it."""
    window: int
    """Number of the site's window."""
    sensor: str
    """What measured: device, rack or utility, or another name."""
    owner: Literal["prover", "verifier"]
    """Who holds the sensor."""
    simulated: bool
    """Whether the samples come from a model instead of a sensor."""
    hertz: float
    """Samples a second."""
    samples: Digest
    """The object that holds them: canonical JSON, a list of watts."""


Record = (
    SiteDeclared | Heartbeat | WindowReported | RunDeclared | WeightsCommitted | SegmentCommitted
    | RunCompleted | BeaconPromised | BeaconRevealed | SegmentOpened | ToleranceCalibrated
    | SegmentReplayed | WeightsFrozen | OutputsServed | OutputsOpened | ServedReplayed
    | AttestationAsked | ReferencesPublished | DeviceAttested | LoadModulationAsked | TraceReported
)  # fmt: skip
"""All of the above."""
