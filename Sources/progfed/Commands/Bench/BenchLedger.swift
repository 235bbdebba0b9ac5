import ArgumentParser
import Foundation
import Ledger
import Measures

/// Measures what the ledger costs a run, by booking and keeping its rounds once more.
struct BenchLedger: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "Measure what the ledger costs: a run's rounds are booked and kept once more.",
    discussion: """
      Each message of the run is booked anew, one by one, and each round is kept in a ledger of its own \
      beside the run's. The limit is the time that the rounds took in the run.
      """)

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var directory: String

  @Flag(help: "Print JSON.")
  var json = false

  /// The figures as they are printed.
  private struct Result: Encodable {
    var rounds = 0
    var clientsPerRound = 0
    var bookings = 0
    var bookingSeconds = 0.0
    var keepingSeconds = 0.0
    var roundSeconds = 0.0
    var share = 0.0
  }

  func run() throws {
    try Exit.reporting {
      let url = URL(fileURLWithPath: directory, isDirectory: true)
      let store = try RunStore.read(at: RunPaths(url).ledger)
      defer { store.close() }
      // On the run's own disk, whose waits are part of the cost.
      let scratch = url.appending(path: "bench-\(UUID().uuidString).sqlite")
      defer {
        for suffix in ["", "-wal", "-shm"] {
          try? FileManager.default.removeItem(atPath: scratch.path + suffix)
        }
      }
      let copy = try RunStore.create(at: scratch, header: try store.header())
      defer { copy.close() }
      let result = try measure(store, copy)
      guard !json else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return print(String(decoding: try encoder.encode(result), as: UTF8.self))
      }
      print(
        """
        \(result.rounds) rounds of up to \(result.clientsPerRound) clients, \(result.bookings) messages: \
        booked in \((1000 * result.bookingSeconds).fixed(1)) ms, kept in \
        \((1000 * result.keepingSeconds).fixed(1)) ms; the rounds took \(result.roundSeconds.fixed(1)) s, \
        the ledger \((100 * result.share).fixed(3)) % of that
        """)
    }
  }

  private func measure(_ store: RunStore, _ copy: RunStore) throws -> Result {
    var result = Result()
    let clock = ContinuousClock()
    for round in try store.summary().rounds {
      let bookings = try store.bookings(of: round.round)
      var book = RoundBook()
      result.bookingSeconds +=
        clock.measure {
          for booking in bookings { Self.book(booking, in: &book) }
        }.seconds
      let record = RoundRecord(
        round: round.round, stage: round.stage, warmUp: round.warmUp,
        outcomes: (0..<round.selected).map { ClientOutcome(client: $0, outcome: .accepted) },
        elapsed: round.elapsed, accuracy: round.accuracy, loss: round.loss)
      result.keepingSeconds += try clock.measure { try copy.append(record, book: book) }.seconds
      result.rounds += 1
      result.bookings += bookings.map(\.messages).reduce(0, +)
      result.clientsPerRound = max(result.clientsPerRound, round.selected)
      result.roundSeconds += round.elapsed.seconds
    }
    let cost = result.bookingSeconds + result.keepingSeconds
    result.share = result.roundSeconds > 0 ? cost / result.roundSeconds : 0
    return result
  }

  /// Books message by message, as it happened; announcements to all were booked as one.
  private static func book(_ booking: Booking, in book: inout RoundBook) {
    let count = booking.client == nil && booking.view == .client ? 1 : booking.messages
    guard count > 0 else { return }
    let (payload, wire) = (booking.traffic.payload.bytes, booking.traffic.wire.bytes)
    for number in 0..<count {
      // The first one takes what doesn't divide evenly, so that the sums are those of the run.
      book.book(
        booking.view, client: booking.client, booking.direction, booking.kind,
        payload: ByteCount(payload / count + (number == 0 ? payload % count : 0)),
        wire: ByteCount(wire / count + (number == 0 ? wire % count : 0)))
    }
  }
}
