import Federation
import Wire

extension Message<Uplink> {
  /// The message in a few words, for traces.
  var summary: String {
    let what =
      switch body {
      case .want(_, let needs):
        "want \(needs.map { $0.ranges.isEmpty ? "whole" : "\($0.ranges)" })"
      case .offer(let offer): "offer of \(offer.length) bytes"
      case .updateChunk(let offset, let length): "chunk \(offset)..<\(offset + length)"
      case .decline(let reason, _): "decline, \(reason)"
      case .scores(let scores): "scores of \(scores.samples) samples"
      default: caseName(of: body)
      }
    return "\(what) [client \(header.client ?? -1), epoch \(header.epoch), round \(header.round), "
      + "attempt \(header.attempt)]"
  }
}

extension Message<Downlink> {
  /// The message in a few words, for traces.
  var summary: String {
    let what =
      switch body {
      case .announce(let announce): "\(announce.state), selected \(announce.selected)"
      case .modelChunk(_, let offset, let length): "chunk \(offset)..<\(offset + length)"
      case .grant(let range): "grant \(range)"
      case .acknowledge(let acknowledgement): "\(acknowledgement)"
      case .refuse(let reason, let retry, _):
        "refusal, \(reason), \(retry.map { "retry in \($0) ms" } ?? "for good")"
      case .noted(let report): "noted \(report)"
      case .closed(let accepted): "closed with \(accepted)"
      case .finished(let complete): complete ? "complete" : "interrupted"
      default: caseName(of: body)
      }
    return "\(what) [epoch \(header.epoch), round \(header.round)]"
  }
}

extension RoundResult.Outcome {
  /// The outcome in a word, for traces.
  var summary: String {
    switch self {
    case .accepted: "accepted"
    case .late: "late"
    case .carried: "carried over"
    case .surplus: "surplus"
    case .lost: "lost"
    case .refused(let reason): "refused (\(reason))"
    case .declined(let reason): "declined (\(reason))"
    }
  }
}

/// The name of the case that `body` is: "heartbeat".
private func caseName(of body: some Any) -> String {
  String("\(body)".prefix { $0.isLetter })
}
