extension Topology {
  /// The topology that a plan says, with what it leaves to each side as it is by default.
  ///
  /// Its own plan is the same text, or the plan is refused: by its facts it would be of another
  /// version of the program. What a worker has of its own, such as where the samples are, is in
  /// `overrides`: `data.path=FOLDER`.
  ///
  /// - Parameters:
  ///   - text: The plan's text.
  ///   - file: Where it is from, as errors name it.
  ///   - overrides: What is said beside the plan; it may change it, too.
  ///   - checksFiles: Whether it is a fault that the data set's files aren't there.
  /// - Throws: everything for which the plan can't be followed, with the line of each fault.
  package init(
    plan text: String, from file: String = "the plan", overrides: Overrides = Overrides(),
    checksFiles: Bool = false
  ) throws(TopologyError) {
    let plan = try PlanText(reading: text, of: file)
    let planned = try Self.following(plan, text, file: file)
    try planned.require(plan, text)
    guard overrides != Overrides() || checksFiles else {
      self = planned
      return
    }
    self = try Self.following(
      plan, text, file: file, overrides: overrides, checksFiles: checksFiles)
  }

  private static func following(
    _ plan: PlanText, _ text: String, file: String, overrides: Overrides = Overrides(),
    checksFiles: Bool = false
  ) throws(TopologyError) -> Topology {
    var settings: [Setting] = []
    for (line, number) in plan.settings {
      do throws(TopologyIssue.Unreadable) {
        settings.append(
          try Setting(line.key, value: line.value, at: .line(number, column: 1)))
      } catch { throw TopologyError(file: file, unreadable: error) }
    }
    let own = try overrides.settings.map { (setting) throws(TopologyError) in
      do throws(TopologyIssue.Unreadable) { return try Setting(setting) } catch {
        throw TopologyError(file: file, unreadable: error)
      }
    }
    return try read(
      nil, settings + own, source: text, file: file, overrides: overrides,
      checksFiles: checksFiles, Reading(isPlan: true))
  }

  /// Refuses a plan that isn't this topology's own, by each value that differs.
  private func require(_ given: PlanText, _ text: String) throws(TopologyError) {
    guard plan != text else { return }
    let remedy = "the plan is of another version of progfed: use the same on both sides"
    var faults = PlanDifference(between: text, and: plan).values.map { value in
      let place = given.number(of: value.name).map { TopologyIssue.Place.line($0, column: 1) }
      let (theirs, ours) = (value.first.map(Self.shown), value.second.map(Self.shown))
      let problem =
        switch (theirs, ours) {
        case (let theirs?, let ours?):
          "\(value.name) is \(theirs) in the plan, and \(ours) to this program"
        case (let theirs?, nil):
          "\(value.name) is \(theirs) in the plan, and nothing to this program"
        default: "\(value.name) isn't in the plan, and \(ours ?? "nothing") to this program"
        }
      return TopologyIssue(
        place: place ?? .file, path: value.name, problem: problem, remedy: remedy)
    }
    if faults.isEmpty {
      faults = [
        TopologyIssue(
          place: .file, path: "", problem: "has its lines in another order than plans have",
          remedy: remedy)
      ]
    }
    throw TopologyError(file: file, faults: faults.inOrderOfFile)
  }

  /// A value on one line and not too long.
  private static func shown(_ value: String) -> String {
    value.count > 160 ? "\(value.prefix(160))…" : value
  }
}
