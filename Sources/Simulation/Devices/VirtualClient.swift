import Federation
import Links
import Measures
import Wire

/// A simulated client: its machine, its presence and its device.
struct VirtualClient {
  /// The machine with its surroundings; a new one for each process.
  var host: ClientHost<ClientUpdate>
  /// The machine's next tick.
  var tick = PendingTick()
  /// The number of its process, from 0.
  var restarts = 0
  /// The causes for which it isn't there.
  var presence = Presence()
  /// The device, and its work.
  var device: VirtualDevice
  /// Its part of the run is over.
  var hasEnded = false
  /// The last round in which it dropped out.
  var droppedOutIn = 0

  /// A client that has yet to join.
  init(_ machine: ClientMachine, device: Device) {
    host = ClientHost(machine)
    self.device = VirtualDevice(device)
  }
}

/// A cause for which a client isn't there.
struct OfflineReason: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  /// Its device isn't available, or isn't yet, or not any more, in the fleet.
  static let away = OfflineReason(rawValue: 1)
  /// It dropped out in the middle of a round.
  static let droppedOut = OfflineReason(rawValue: 2)
  /// A fault cut its link.
  static let cut = OfflineReason(rawValue: 4)
  /// A fault killed its process.
  static let killed = OfflineReason(rawValue: 8)
}

/// The causes for which a client isn't there, any number of which may hold at once.
struct Presence {
  /// The causes; empty while it is there.
  private(set) var reasons: OfflineReason = []
  /// The number of causes that end at a time that is set.
  private var returnsDue = 0

  /// True while nothing keeps the client away.
  var isHere: Bool { reasons.isEmpty }
  /// True if a cause ends at a time that is set.
  var willReturn: Bool { returnsDue > 0 }

  /// A cause begins to hold; `isTimed` if it ends at a time that is set.
  mutating func begin(_ reason: OfflineReason, isTimed: Bool) {
    reasons.insert(reason)
    if isTimed { returnsDue += 1 }
  }

  /// The time has come that was set for an end.
  mutating func returnIsDue() { returnsDue -= 1 }

  /// A cause no longer holds.
  ///
  /// - Returns: True if it was the last one.
  mutating func end(_ reason: OfflineReason) -> Bool {
    guard reasons.contains(reason) else { return false }
    reasons.remove(reason)
    return reasons.isEmpty
  }
}

/// A client's device, and the training that it is busy with.
struct VirtualDevice {
  /// A training on the device.
  struct Work {
    /// The number by which it is told from earlier work.
    let number: Int
    /// The task.
    let task: ClientTask
    /// The training; nil where the device will drop out before the end.
    var update: (any PendingUpdate)?
    /// The evaluation; nil for a training.
    var scores: (any PendingScores)?
    /// The time that it takes.
    var time: WorkTime
    /// The time at which it ends, or would if the device weren't away.
    var end: Duration { time.end }
  }

  /// The model of the device.
  let model: Device
  /// The work that it is busy with.
  private(set) var work: Work?
  /// The time that it takes to add its samples up, while it does.
  private var measuring: WorkTime?
  /// The times at which the current round's steps were done.
  private(set) var progress = RoundProgress()
  private var works = 0

  /// A device without work.
  init(_ model: Device) { self.model = model }

  /// Work begins that takes `time`: the model is here.
  ///
  /// - Returns: The work's number and end.
  mutating func begin(_ task: ClientTask, taking time: Duration, at now: Duration) -> Work {
    works += 1
    if task.purpose == .training {
      if progress.round != task.round { progress = RoundProgress(round: task.round) }
      progress.downloaded = now
    }
    let work = Work(number: works, task: task, time: WorkTime(end: now + time))
    self.work = work
    return work
  }

  /// The training that makes the update of the current work.
  mutating func run(_ update: any PendingUpdate) { work?.update = update }

  /// The evaluation that makes the scores of the current work.
  mutating func run(_ scores: any PendingScores) { work?.scores = scores }

  /// The moment has come at which work of a number is to end.
  ///
  /// - Returns: The work if it is done; the time at which it will be, if it was held up; nil if it
  ///   is another one, or is held up still.
  mutating func finish(_ number: Int, at now: Duration) -> Ending? {
    guard let work, work.number == number, !work.time.isHeldUp else { return nil }
    guard now >= work.end else { return .later(work.end) }
    self.work = nil
    if work.task.purpose == .training { progress.trained = now }
    return .done(work)
  }

  /// The state of work at the moment at which it was to end.
  enum Ending {
    case done(Work)
    case later(Duration)
  }

  /// The device's present work is no longer needed.
  mutating func cancel() {
    work?.update?.cancel()
    work?.scores?.cancel()
    work = nil
  }

  /// A device that is away holds its work up.
  mutating func pause(at now: Duration) {
    work?.time.pause(at: now)
    measuring?.pause(at: now)
  }

  /// A device that is back goes on where it was.
  ///
  /// - Returns: The work that goes on, if there is any.
  mutating func resume(at now: Duration) -> Work? {
    work?.time.resume(at: now) == true ? work : nil
  }
}

/// The adding up of a client's samples, before the first round.
extension VirtualDevice {
  /// It begins, and takes `time`.
  ///
  /// - Returns: Its end.
  mutating func beginMeasuring(taking time: Duration, at now: Duration) -> Duration {
    measuring = WorkTime(end: now + time)
    return now + time
  }

  /// The moment has come at which it is to end.
  ///
  /// - Returns: The time at which it will be done, `now` if it is; nil if it is held up still, or
  ///   isn't under way.
  mutating func finishMeasuring(at now: Duration) -> Duration? {
    guard let measuring, !measuring.isHeldUp else { return nil }
    guard now >= measuring.end else { return measuring.end }
    self.measuring = nil
    return now
  }

  /// A device that is back goes on with it.
  ///
  /// - Returns: Its new end, if it was held up.
  mutating func resumeMeasuring(at now: Duration) -> Duration? {
    measuring?.resume(at: now) == true ? measuring?.end : nil
  }

  /// The process that measured is gone.
  mutating func cancelMeasuring() { measuring = nil }
}

/// The time that work on a device takes, which doesn't pass while the device is away.
struct WorkTime: Hashable {
  /// The time at which it ends, or would if the device weren't away.
  private(set) var end: Duration
  /// The rest of it while the device is away.
  private var left: Duration?

  /// Work that ends at a time, unless it is held up.
  init(end: Duration) { self.end = end }

  /// True while the device is away.
  var isHeldUp: Bool { left != nil }

  /// The device goes away.
  mutating func pause(at now: Duration) {
    if left == nil { left = max(.zero, end - now) }
  }

  /// The device is back.
  ///
  /// - Returns: True if the work goes on, with a later end.
  mutating func resume(at now: Duration) -> Bool {
    guard let left else { return false }
    self.left = nil
    end = now + left
    return true
  }
}

/// The times at which a client did the steps of a round.
struct RoundProgress: Hashable, Sendable {
  /// The round, from 1; 0 before the first.
  var round = 0
  /// The time at which it had the model.
  var downloaded: Duration?
  /// The time at which it had the update.
  var trained: Duration?
}
