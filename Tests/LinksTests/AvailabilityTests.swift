import Links
import Measures
import Testing

@Suite struct AvailabilityTests {
  private let run = RandomStream(seed: 11)

  static let profiles: [AvailabilityProfile] = [
    .steady, .phone, .vehicular,
    .diurnal(DiurnalProfile(timeZones: .seconds(12 * 3600), startOfRun: .seconds(3600))),
    .trace(
      AvailabilityTrace(
        [
          .seconds(10) ..< .seconds(500), .seconds(500) ..< .seconds(700),
          .seconds(900) ..< .seconds(1000),
        ],
        period: .seconds(1000))),
  ]

  @Test(arguments: profiles, [0, 1, 99_999])
  func `nextChange is the first time at which the answer differs`(
    profile: AvailabilityProfile, client: Int
  ) throws {
    let availability = Availability(profile, client: client, run: run)
    var time = Duration.zero
    for _ in 0..<60 {
      let state = availability.isAvailable(at: time)
      let change = try #require(availability.nextChange(after: time))
      #expect(change > time)
      #expect(availability.isAvailable(at: change) != state)
      #expect(availability.isAvailable(at: change - .nanoseconds(1)) == state)
      for step in 1...9 {
        let between = time + (change - time) * step / 10
        #expect(availability.isAvailable(at: between) == state)
        if between < change { #expect(availability.nextChange(after: between) == change) }
      }
      time = change
    }
  }

  @Test(arguments: profiles)
  func `any time can be asked for in any order`(profile: AvailabilityProfile) {
    let times = (0..<200).map { Duration.seconds($0 * 7919 % 200_000) }
    let availability = Availability(profile, client: 3, run: run)
    let again = Availability(profile, client: 3, run: run)
    let forward = times.sorted().map { availability.isAvailable(at: $0) }
    let backward = times.sorted().reversed().map { again.isAvailable(at: $0) }
    #expect(forward == backward.reversed())
  }

  @Test(arguments: [(30.0, 90.0), (20, 5), (99, 1), (1, 1)])
  func `turns have their share of time and nearly their mean length`(on: Double, off: Double)
    throws
  {
    let process = OnOffProcess(meanOn: .seconds(on), meanOff: .seconds(off))
    var (share, count, total) = (0.0, 0, 0.0)
    for client in 0..<40 {
      let availability = Availability(.onOff(process), client: client, run: run)
      var time = Duration.zero
      var isOn = availability.isAvailable(at: time)
      let end = Duration.seconds((on + off) * 500)
      while time < end {
        let change = try #require(availability.nextChange(after: time))
        if isOn {
          share += (change - time).seconds
          count += 1
        }
        total += (change - time).seconds
        time = change
        isOn.toggle()
      }
    }
    #expect((share / total / process.onShare - 1).magnitude < 0.03)
    #expect((share / Double(count) / on - 1).magnitude < 0.06)
  }

  @Test func `phones are there at night and little by day`() {
    var (night, day) = (0, 0)
    for client in 0..<500 {
      let phone = Availability(.phone, client: client, run: run)
      for date in 0..<4 {
        let midnight = Duration.seconds(86400 * date)
        if phone.isAvailable(at: midnight + .seconds(3 * 3600)) { night += 1 }
        if phone.isAvailable(at: midnight + .seconds(15 * 3600)) { day += 1 }
        if phone.isCharging(at: midnight + .seconds(3 * 3600)) {
          #expect(phone.isAvailable(at: midnight + .seconds(3 * 3600)))
        }
      }
    }
    #expect(night > 1900)
    #expect((400...600).contains(day))
  }

  @Test func `clients differ, always is always, and a full trace never changes`() {
    let states = (0..<64).map {
      Availability(.vehicular, client: $0, run: run).isAvailable(at: .seconds(1000))
    }
    #expect(Set(states).count == 2)
    #expect(Availability(.always, client: 0, run: run).nextChange(after: .zero) == nil)
    let full = AvailabilityTrace([.zero ..< .seconds(5)], period: .seconds(5))
    #expect(Availability(.trace(full), client: 0, run: run).nextChange(after: .seconds(2)) == nil)
    let never = AvailabilityTrace([], period: .seconds(5))
    #expect(Availability(.trace(never), client: 0, run: run).nextChange(after: .zero) == nil)
    #expect(!Availability(.trace(never), client: 0, run: run).isAvailable(at: .zero))
  }

  @Test func `intervals that touch are one and empty ones none`() {
    let trace = AvailabilityTrace(
      [
        .zero ..< .zero, .seconds(1) ..< .seconds(2), .seconds(2) ..< .seconds(3),
        .seconds(5) ..< .seconds(6),
      ], period: .seconds(9))
    #expect(trace.count == 2)
    #expect(
      trace
        == AvailabilityTrace(
          [.seconds(1) ..< .seconds(3), .seconds(5) ..< .seconds(6)], period: .seconds(9)))
  }

  @Test func `a trace that crosses its period stays on across it`() {
    let trace = AvailabilityTrace(
      [.zero ..< .seconds(2), .seconds(8) ..< .seconds(10)], period: .seconds(10))
    let availability = Availability(.trace(trace), client: 0, run: run)
    #expect(availability.nextChange(after: .seconds(9)) == .seconds(12))
    #expect(availability.nextChange(after: .seconds(2)) == .seconds(8))
  }

  @Test func `profiles have names and notice nonsense`() {
    #expect(AvailabilityProfile.named("phone") == .phone)
    #expect(AvailabilityProfile.named("moon") == nil)
    let none = OnOffProcess(meanOn: .zero, meanOff: .seconds(1))
    #expect(AvailabilityProfile.onOff(none).problems.count == 1)
    #expect(AvailabilityProfile.diurnal(DiurnalProfile(night: .seconds(90000))).problems.count == 1)
    #expect(AvailabilityProfile.phone.problems.isEmpty)
  }
}
