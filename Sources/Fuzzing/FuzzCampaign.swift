package import Foundation
package import Measures

/// Plays cases against targets in turn, each for the same time.
///
/// Each case follows from the campaign's seed, the target's name and the case's number, so that it
/// can be played again by itself. Before each block of cases its first number is written to a file,
/// where it can be found after a trap.
package struct FuzzCampaign: Sendable {
  /// The result of one target.
  package struct Tally: Sendable {
    /// The target's name.
    package var name: String
    /// The number of cases played.
    package var cases = 0
    /// The number of cases that the parser took, in part at least.
    package var taken = 0
    /// The time that the cases took.
    package var elapsed: Duration = .zero
    /// The case that took longest, and how long that was.
    package var slowest: (number: Int, time: Duration) = (0, .zero)
    /// The faults found, with the numbers of their cases.
    package var findings: [(number: Int, finding: FuzzFinding)] = []

    /// Nothing yet.
    package init(name: String) { self.name = name }
  }

  /// The seed of all random choices.
  package var seed: UInt64
  /// The parsers to be fuzzed.
  package var targets: [any FuzzTarget]
  /// The file that holds the number of the block under way; nil for none.
  package var journal: URL?

  /// The number of cases of a target that are played, time permitting, before the next number is
  /// noted.
  package static let block = 64

  /// A campaign against `targets`.
  package init(seed: UInt64, targets: [any FuzzTarget], journal: URL? = nil) {
    self.seed = seed
    self.targets = targets
    self.journal = journal
  }

  /// All targets; `folder` is for files.
  package static func allTargets(in folder: URL) -> [any FuzzTarget] {
    [
      EnvelopeTarget(), BrokerTarget(), ClientTarget(), UpdateTarget(), SafeTensorsTarget(),
      TopologyTarget(), ManifestTarget(), PlanTarget(), PlanFetchTarget(), ControlTarget(),
      RequestTarget(),
    ] + FileTarget.Kind.allCases.map { FileTarget($0, in: folder) }
      + OwnDataTarget.Kind.allCases.map { OwnDataTarget($0, in: folder) }
  }

  /// Plays turns of all targets until `isOver` says so, which is asked after each turn.
  ///
  /// - Parameter isOver: Given how many turns were played.
  /// - Returns: The tally of each target.
  package func run(until isOver: (Int) -> Bool) -> [Tally] {
    var tallies = targets.map { Tally(name: $0.name) }
    var turn = 0
    let clock = ContinuousClock()
    repeat {
      for (index, target) in targets.enumerated() {
        // As much time for each, so that files don't keep what is fast waiting.
        let end = clock.now + .milliseconds(50)
        repeat {
          let first = tallies[index].cases
          note("\(target.name) \(first)")
          for number in first..<first + Self.block where number == first || clock.now < end {
            play(number, target, &tallies[index])
          }
        } while clock.now < end
      }
      turn += 1
    } while !isOver(turn)
    note("")
    return tallies
  }

  /// Plays one case.
  package func play(_ number: Int, _ target: any FuzzTarget, _ tally: inout Tally) {
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let stream = RandomStream(seed: seed).stream(target.name, number)
      if try target.play(stream) { tally.taken += 1 }
    } catch {
      tally.findings.append((number, error))
    }
    let time = clock.now - start
    tally.cases += 1
    tally.elapsed += time
    if time > tally.slowest.time { tally.slowest = (number, time) }
  }

  private func note(_ text: String) {
    guard let journal else { return }
    try? Data(text.utf8).write(to: journal)
  }
}

/// A part of the product that takes bytes or messages from outside, whatever they are.
///
/// It may refuse them with an error; it must not trap, hang or keep memory.
package protocol FuzzTarget: Sendable {
  /// Its name.
  var name: String { get }

  /// Plays one case, which follows from `stream` alone.
  ///
  /// - Returns: True if the input was accepted, in part at least, and false if it was refused.
  /// - Throws: ``FuzzFinding`` if input was accepted that must be refused.
  func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool
}

/// Something that is wrong, short of a trap.
package struct FuzzFinding: Error, Hashable, CustomStringConvertible {
  /// The fault, in words.
  package let description: String

  /// A finding in words.
  package init(_ description: String) { self.description = description }
}
