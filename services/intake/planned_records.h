#ifndef SERVICES_INTAKE_PLANNED_RECORDS_H_
#define SERVICES_INTAKE_PLANNED_RECORDS_H_

#include <string>

#include "absl/container/node_hash_map.h"
#include "services/intake/agency_rules.h"
#include "services/intake/records.h"
#include "services/intake/resource_names.h"

namespace critac::intake {

// Records as they will be when what is planned so far has happened: lets the rows of an import see
// those before them, also where nothing is to be changed.
class PlannedRecords final : public Records {
 public:
  // `known` must outlive it.
  explicit PlannedRecords(const Records& known) : known_(known) {}

  void Put(const v1::Agency& agency) {
    for (const v1::Alias& alias : agency.aliases()) {
      const std::string name = AliasRecordName(alias);
      v1::AliasRecord& record = aliases_[name];
      if (record.name().empty()) {
        if (const v1::AliasRecord* before = known_.FindAlias(name)) record = *before;
        record.set_name(name);
      }
      SetHolder(record, agency.name(), agency.aliases());
    }
    agencies_[agency.name()] = agency;
    Count(agency.name());
  }
  void Put(const v1::Request& request) {
    requests_[request.name()] = request;
    Count(request.name());
  }
  void Put(const v1::ExternalRecord& record) { externals_[record.name()] = record; }

  const v1::Agency* FindAgency(absl::string_view name) const override {
    return Find(agencies_, name, known_.FindAgency(name));
  }
  const v1::AliasRecord* FindAlias(absl::string_view name) const override {
    return Find(aliases_, name, known_.FindAlias(name));
  }
  const v1::Request* FindRequest(absl::string_view name) const override {
    return Find(requests_, name, known_.FindRequest(name));
  }
  const v1::ExternalRecord* FindExternal(absl::string_view name) const override {
    return Find(externals_, name, known_.FindExternal(name));
  }
  int64_t LastNumber(absl::string_view series) const override {
    const auto found = numbers_.find(series);
    return found == numbers_.end() ? known_.LastNumber(series) : found->second;
  }

 private:
  template <typename T>
  static const T* Find(const absl::node_hash_map<std::string, T>& planned, absl::string_view name,
                       const T* known) {
    const auto found = planned.find(name);
    return found == planned.end() ? known : &found->second;
  }

  void Count(absl::string_view name) {
    const SeriesNumber number = SeriesNumberOf(name);
    if (number.number > LastNumber(number.series)) numbers_[number.series] = number.number;
  }

  const Records& known_;
  absl::node_hash_map<std::string, v1::Agency> agencies_;
  absl::node_hash_map<std::string, v1::AliasRecord> aliases_;
  absl::node_hash_map<std::string, v1::Request> requests_;
  absl::node_hash_map<std::string, v1::ExternalRecord> externals_;
  absl::node_hash_map<std::string, int64_t> numbers_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_PLANNED_RECORDS_H_
