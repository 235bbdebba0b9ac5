import Ledger
import Server

/// The moments of a round that decide how long it takes.
struct RoundTimeline {
  let opened: Duration
  private var last: (progress: RoundProgress, accepted: Duration)?

  /// A round that began then.
  init(opened: Duration = .zero) { self.opened = opened }

  /// An update was accepted, of a client with this progress.
  mutating func accepted(_ progress: RoundProgress, at time: Duration) {
    last = (progress, time)
  }

  /// The parts of the time until the round's end; nil where no update was accepted.
  ///
  /// The critical path is that of the last update that counts: until its client had the model,
  /// until it had trained, until the update was accepted, and from then on the wait for those that
  /// didn't make it.
  func timing(until end: Duration) -> RoundTiming? {
    guard let last else { return nil }
    let downloaded = max(opened, last.progress.downloaded ?? opened)
    let trained = max(downloaded, last.progress.trained ?? downloaded)
    return RoundTiming(
      opened: opened, closed: end,
      path: CriticalPath(
        download: downloaded - opened, training: trained - downloaded,
        upload: last.accepted - trained, waiting: end - last.accepted))
  }
}
