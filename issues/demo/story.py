"""What went wrong in the demo's month: families of anomalies, who found them, and what people said."""

from dataclasses import dataclass, field

from .signals import Shape

PEOPLE = (
    ("mara.lindqvist@example.com", "Mara Lindqvist", "administrator"),
    ("jonas.weber@example.com", "Jonas Weber", "member"),
    ("priya.raman@example.com", "Priya Raman", "member"),
    ("tomas.ortega@example.com", "Tomás Ortega", "member"),
    ("aiko.sato@example.com", "Aiko Sato", "member"),
    ("sam.okafor@example.com", "Sam Okafor", "member"),
)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of anomaly. `{n}`, `{extreme}`, `{duration}` and `{limit}` in the texts come from the measured signal."""

    title: str
    shape: Shape
    job: str
    tags: tuple[str, ...]
    units: tuple[str, ...]  # what `{unit}` may be
    why: str
    observations: tuple[str, ...]
    talk: tuple[str, ...]
    fixed: str
    rejected: str
    steps: tuple[str, ...] = field(default=())


FAMILIES = (
    Family(
        "Battery string {unit} drops to {extreme} V during eclipse at −20 °C soak",
        Shape("string_v", "V", 28.2, 0.08, 22.6, 24.0),
        "tvac-nightly", ("anomaly", "power", "tvac"), ("B", "A", "B2", "A2"),
        "PWR-REQ-042 asks for at least 24.0 V on each string at −20 °C and 60 % state of charge.",
        ("The dip begins 8 s after heater group 2 switches on.", "The other string sees the same load and stays above 25.9 V.",
         "Load current is 3.9 A on both strings, so this is not a load step."),
        ("Cell 5 sits next to the radiator strap. It was also the coldest cell in run 1161, only we never went under the limit there.",
         "I would check the strap torque before blaming the cell.",
         "Strap measured at 0.9 Nm, drawing says 1.4 Nm. Re-torquing now, we can rerun the eclipse tonight."),
        "Radiator strap re-torqued to 1.4 Nm; three eclipses since stay above 25 V.",
        "Test set-up: the string was at 41 % state of charge, the requirement starts at 60 %.",
        ("Measure the torque of the radiator strap at cell 5", "Compare cell 5 with its neighbours over the last three soaks",
         "Swap sense lines 5 and 6 and repeat the eclipse", "Re-torque to 1.4 Nm and repeat the eclipse", "Update the harness drawing"),
    ),
    Family(
        "ESC {unit} loses sync on a 40 to 85 % throttle step, {extreme} A peak",
        Shape("phase_a", "A", 14.0, 0.6, 71.0, 55.0, "burst", 50.0, 20.0),
        "esc-bench", ("failure", "propulsion"), ("2", "1", "4", "3"),
        "The controller trips at 55 A; the step itself needs 38 A.",
        ("Sync is lost 40 ms after the step and found again after 0.6 s.", "Firmware 2.3.1, timing advance 22°.",
         "Repeats on 7 of 10 steps, never below 60 %."),
        ("Same with the old firmware? The advance table changed in 2.3.", "2.2.4 is clean on the same motor, ten of ten.",
         "Then it is the table. I will interpolate between 60 and 90 %."),
        "Timing advance table corrected in firmware 2.3.2; 50 steps without a loss of sync.",
        "Motor cable was extended to 1.2 m on this bench; not a flight configuration.",
        ("Repeat with firmware 2.2.4", "Log the commutation interval", "Sweep timing advance from 14° to 26°", "Repeat 50 steps on the flight harness"),
    ),
    Family(
        "DC-link overshoots to {extreme} V on load dump at unit {unit}, limit is {limit} V",
        Shape("dc_link_v", "V", 400.0, 1.2, 462.0, 440.0, "dip", 100.0, 8.0),
        "hil-regression", ("inverter", "emc"), ("3", "7", "11"),
        "The capacitors are rated for 450 V; the requirement allows 10 %.",
        ("The overshoot decays in under a second.", "The brake chopper starts 3 ms late.", "Load dump from 18 kW to zero."),
        ("The chopper threshold is compared after the filter, that is the delay.", "Moved the comparison before the filter on the bench: peak is 431 V."),
        "Chopper threshold taken before the filter; worst peak of 20 dumps is 432 V.",
        "Ripple of the bench supply; with the battery emulator the peak is 428 V.",
    ),
    Family(
        "Gate driver UVLO trips at {extreme} V instead of 11.2 V on phase {unit}",
        Shape("vcc_gate_v", "V", 15.0, 0.05, 11.7, 12.4, "dip"),
        "hil-regression", ("inverter",), ("U", "V", "W"),
        "The data sheet says 11.2 V typical, 11.6 V at most.",
        ("The trip comes with the first edge after 4 s of idle.", "Bootstrap capacitor is 1 µF, two diodes in series."),
        ("Leakage of the bootstrap diode at 85 °C, I would think.", "Swapped for the low-leakage type: no trip in 200 starts."),
        "Bootstrap diode replaced by the low-leakage type.", "Probe ground was 30 cm long; with a short one the level is 11.3 V.",
    ),
    Family(
        "Reaction wheel {unit} torque ripple reaches {extreme} mNm at 3,200 rpm",
        Shape("ripple_mnm", "mNm", 1.8, 0.15, 4.6, 4.0, "burst"),
        "hil-regression", ("failure", "adcs"), ("3", "1", "4"),
        "Pointing budget allows 4 mNm above 3,000 rpm.",
        ("Two lines at 8 and 16 times the rotation.", "Grows with temperature: 3.1 mNm at 10 °C.", "Coast-down shows no bearing tone."),
        ("Eight times is the pole pairs. Current sensor offset?", "Offset on phase B is 14 mA. The other wheels have under 3 mA.",
         "Calibrated, ripple is back at 1.9 mNm. Can we calibrate at every start?"),
        "Current sensor offset is calibrated at every start.", "Wheel was on its side on the bench; not comparable.",
        ("Record 60 s at 3,200 rpm", "Compare phase currents", "Calibrate offsets and repeat"),
    ),
    Family(
        "Magnetometer {unit} saturates at {extreme} µT when heater 2 switches on",
        Shape("b_total_ut", "µT", 46.0, 0.3, 98.0, 80.0, "step"),
        "tvac-nightly", ("adcs", "tvac"), ("1", "2"),
        "The range is ±80 µT after the firmware's scaling.",
        ("The step follows the heater current, 2.1 A.", "Return line of heater 2 runs beside the boom."),
        ("Twist the pair and route it on the other side.", "Twisted: 49 µT with the heater on."),
        "Heater harness twisted and moved away from the boom.", "Expected in this configuration: the boom was stowed.",
    ),
    Family(
        "Heater {unit} duty cycle reaches {extreme} % in the cold case",
        Shape("duty_pct", "%", 52.0, 1.5, 91.0, 80.0, "ramp"),
        "tvac-nightly", ("thermal", "tvac"), ("1", "3", "4"),
        "Above 80 % there is no margin for the end of life.",
        ("Thermistor and set point agree within 0.4 K.", "Shroud was at −92 °C, 4 K colder than planned."),
        ("4 K of shroud is worth 9 % duty.", "Corrected for the shroud it is 79 %. Tight, but inside."),
        "MLI seam closed at panel −Y; 68 % in the next cold case.", "Shroud was colder than the case asks for.",
    ),
    Family(
        "Propeller {unit} vibration reaches {extreme} g at hover",
        Shape("accel_g", "g", 1.1, 0.12, 4.4, 3.0, "burst", 50.0, 20.0),
        "vib-sweep", ("propulsion", "fleet"), ("on unit 12", "on unit 7", "on unit 19"),
        "Fleet median is 1.3 g; the airframe is qualified for 3 g.",
        ("One line at 1.0 times the rotation: imbalance.", "Tracking is within 0.4 mm."),
        ("Leading edge has a nick of 2 mm at 70 % radius.", "New blade: 1.2 g."),
        "Blade replaced; inspection added to the pre-flight list.", "Unit was flown with the payload mount loose.",
    ),
    Family(
        "Link margin dips to {extreme} dB at {unit} elevation",
        Shape("margin_db", "dB", 5.8, 0.25, 1.2, 3.0, "dip"),
        "pass-review", ("telemetry", "rf"), ("38°", "21°", "64°"),
        "The link budget keeps 3 dB.",
        ("Only on descending passes.", "Pointing error is under 0.6° at the same time."),
        ("Polarisation. The horn was turned on Tuesday.", "Turned back, margin is 5.5 dB over the whole pass."),
        "Ground station polarisation corrected.", "Thunderstorm over the station; attenuation explains it.",
    ),
    Family(
        "MOSFET {unit} case reaches {extreme} °C at 40 A",
        Shape("case_c", "°C", 71.0, 0.5, 119.0, 110.0, "ramp"),
        "esc-bench", ("inverter", "thermal"), ("Q3", "Q1", "Q6"),
        "110 °C on the case keeps the junction under 140 °C.",
        ("Its neighbours stay at 84 °C.", "Thermal pad shows a void of a third of its area."),
        ("X-ray of the pad would settle it.", "Void confirmed. Stencil opening was 60 %."),
        "Stencil changed to four windows; 82 °C in the repeat.", "Fan was unplugged during the run.",
    ),
    Family(
        "Star tracker {unit} reports {extreme}″ noise for {duration} s",
        Shape("noise_arcsec", "″", 4.2, 0.3, 21.0, 12.0, "burst"),
        "hil-regression", ("adcs",), ("1", "2"),
        "12″ is what the estimator tolerates for more than 10 s.",
        ("The field held 4 stars, the median is 11.", "Detector at 18 °C."),
        ("Moon at 24° from the boresight in that frame.", "Then the exclusion angle is too small."),
        "Exclusion angle raised from 20° to 28°.", "Stray light from the simulator's shutter.",
    ),
    Family(
        "Pressure sensor {unit} reads {extreme} bar below vacuum",
        Shape("pressure_bar", "bar", 0.0, 0.002, -0.045, -0.02, "step"),
        "tvac-nightly", ("tvac", "telemetry"), ("P2", "P5"),
        "Less than nothing cannot be; the offset is 0.02 bar at most.",
        ("The offset follows the sensor's temperature.", "It comes back in the warm case."),
        ("Bridge supply is ratiometric, and the reference is not.",),
        "Reference moved to the bridge supply.", "Known offset of this lot; calibrated in the ground software.",
    ),
)  # fmt: skip

# What people filed by hand: (title, tags, priority, text)
BY_HAND = (
    ("Root cause: cold solder joint on J14 pin 7", ("root-cause", "avionics"), "high",
     "Under the microscope the fillet of pin 7 is dull and cracked all round. Wiggling the harness reproduces the resets of the last week. Reflowed on the engineering model: no reset in 48 h."),
    ("Action: add 100 nF at U9 and repeat the EMI scan", ("action-item", "emc"), "low",
     "The peak at 87 MHz is 4 dB over the line. A 100 nF from VDD to ground at U9 took 9 dB off on the bench."),
    ("Telemetry gap of 1.8 s around the separation pulse", ("telemetry",), "high",
     "Frames 20,114 to 20,131 are missing in all three recorders, so it is not the downlink. The bus current clips at the same moment."),
    ("Duplicate sample timestamps in vibration run 7", ("telemetry",), "low",
     "Every 4,096th sample carries the time of the one before. The recorder's buffer swaps there."),
    ("Action: order spare thermal straps before the next soak", ("action-item", "thermal"), "medium",
     "Two left in the store, four needed for the flight model. Lead time is six weeks."),
    ("Root cause: battery heater thermostat wired to the wrong zone", ("root-cause", "power"), "high",
     "Pin list revision D swaps zones 2 and 3. The soak heated the empty bay and left the battery cold."),
    ("Connector J3 backshell touches the panel at full travel", ("avionics",), "medium",
     "0.4 mm clearance at rest, none at +60 °C. Marks on both parts."),
    ("Hover current of unit 12 is 6 % above the fleet median", ("fleet", "propulsion"), "low",
     "Since the motor swap on the 3rd. Thrust is the same, so it is efficiency, not weight."),
)  # fmt: skip
