import Measures

/// The time along critical paths, by cause: the parts to speed up so that rounds get shorter.
public struct CriticalPath: Hashable, Sendable {
  /// Until the client had the model.
  public var download: Duration
  /// While it trained.
  public var training: Duration
  /// From then until its update was accepted.
  public var upload: Duration
  /// From then until the round's end: the wait for those that didn't make it.
  public var waiting: Duration

  /// A path of the given parts.
  public init(download: Duration, training: Duration, upload: Duration, waiting: Duration) {
    self.download = download
    self.training = training
    self.upload = upload
    self.waiting = waiting
  }

  /// All parts together.
  public var total: Duration { download + training + upload + waiting }
}

extension CriticalPath: AdditiveArithmetic {
  /// No time.
  public static var zero: Self {
    Self(download: .zero, training: .zero, upload: .zero, waiting: .zero)
  }

  /// Both paths, one after the other.
  public static func + (lhs: Self, rhs: Self) -> Self {
    Self(
      download: lhs.download + rhs.download, training: lhs.training + rhs.training,
      upload: lhs.upload + rhs.upload, waiting: lhs.waiting + rhs.waiting)
  }

  /// The rest of `lhs` without `rhs`.
  public static func - (lhs: Self, rhs: Self) -> Self {
    Self(
      download: lhs.download - rhs.download, training: lhs.training - rhs.training,
      upload: lhs.upload - rhs.upload, waiting: lhs.waiting - rhs.waiting)
  }
}

extension CriticalPath: Codable {
  private enum CodingKeys: String, CodingKey {
    case download, training, upload, waiting
  }

  /// Reads "criticalPath", in seconds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      download: try container.duration(forKey: .download),
      training: try container.duration(forKey: .training),
      upload: try container.duration(forKey: .upload),
      waiting: try container.duration(forKey: .waiting))
  }

  /// Writes "criticalPath", in seconds.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(download.seconds, forKey: .download)
    try container.encode(training.seconds, forKey: .training)
    try container.encode(upload.seconds, forKey: .upload)
    try container.encode(waiting.seconds, forKey: .waiting)
  }
}

/// The times of a round, along the path of the last update that counts.
public struct RoundTiming: Hashable, Sendable {
  /// The time at which the round began, on the run's clock.
  public var opened: Duration
  /// The time at which it ended.
  public var closed: Duration
  /// The parts of the time between.
  public var path: CriticalPath

  /// A timing of the given parts.
  public init(opened: Duration, closed: Duration, path: CriticalPath) {
    self.opened = opened
    self.closed = closed
    self.path = path
  }
}
