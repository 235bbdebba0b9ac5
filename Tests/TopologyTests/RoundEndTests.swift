import Federation
import Measures
import Progressive
import Testing
import Topology

/// How long a round waits: a quorum, its grace and the deadline.
struct RoundEndTests {
  @Test(arguments: [
    ("250 ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("0.5 min", .seconds(30)),
    ("2 h", .seconds(7200)), ("1 d", .seconds(86_400)),
  ])
  func `durations have units`(text: String, duration: Duration) throws {
    let topology = try Texts.topology(
      Texts.section("participation", "deadline: \(text)", "grace: 0 s"))
    #expect(topology.rules.deadline == duration)
  }

  @Test(arguments: [
    ("50 %", Grace.share(0.5)), ("0 %", .share(0)), ("2.5%", .share(0.025)), ("1000 %", .share(10)),
    ("0 s", .zero), ("5 s", .seconds(5)), ("250 ms", .milliseconds(250)),
  ])
  func `a grace is a time, or a share of the quorum's`(text: String, grace: Grace) throws {
    for topology in [
      try Texts.topology(Texts.section("participation", "quorum: 3", "grace: \(text)")),
      try Texts.topology(
        Texts.section("participation", "quorum: 3", "grace: 7 s"),
        Overrides(settings: ["participation.grace=\(text)"])),
    ] {
      #expect(topology.rules.grace == grace)
      #expect(topology.brokerPlan(run: 1, epoch: 1).rules.grace == grace)
      // A run goes on from the settings that it kept.
      let kept = try Texts.topology(topology.source, topology.overrides)
      #expect(kept.rules == topology.rules && kept.settingLines == topology.settingLines)
      #expect(topology.settingLines.contains("participation.grace: \(text)\n"))
    }
    #expect(try Texts.topology(Texts.least).rules.grace == .seconds(5))
  }

  @Test(arguments: [
    ("quorum: 80 %, grace: 50 %", "8 of 10 updates and 50 % of their time more, 120 s at most"),
    ("quorum: 3, grace: 7 %, deadline: 30 s", "3 of 10 updates and 7 % of their time more, 30 s"),
    ("quorum: 3, grace: 250 ms", "3 of 10 updates and 0.25 s more, 120 s at most"),
  ])
  func `the check says how long a round waits`(keys: String, words: String) throws {
    let text = TopologyCheck(try Texts.topology(Texts.with("participation: {\(keys)}"))).text()
    #expect(text.contains("\na round waits for \(words)"), "\(text)")
    let all = TopologyCheck(try Texts.topology(Texts.least))
    #expect(all.roundEnd == nil && !all.text().contains("a round waits"))
  }
}
