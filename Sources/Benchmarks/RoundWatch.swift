import Federation
import Measures
import Server
import Synchronization

/// Takes the time between the ends of a run's first and last round.
final class RoundWatch: RunObserver {
  private let clock = ContinuousClock()
  private let times = Mutex<
    (first: ContinuousClock.Instant?, last: ContinuousClock.Instant?, rounds: Int)
  >(
    (nil, nil, 0))

  /// The mean time of a round, the first one not counted.
  var secondsPerRound: Double {
    times.withLock { times in
      guard let first = times.first, let last = times.last, times.rounds > 1 else { return 0 }
      return (last - first).seconds / Double(times.rounds - 1)
    }
  }

  func closed(_ progress: RunProgress) {
    let now = clock.now
    times.withLock { times in
      if times.first == nil { times.first = now }
      times.last = now
      times.rounds += 1
    }
  }

  func noticed(_ notice: BrokerNotice) {}

  func collapsed(round: Int, stage: Int, accuracy: Double) {}
}
