#ifndef SERVICES_INTAKE_RECORDS_H_
#define SERVICES_INTAKE_RECORDS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/intake/v1/states.pb.h"

namespace critac::intake {

// What intake knows, by name, as a decision may look at it. Null: nothing of this name. Pointers
// hold until the record changes.
class Records {
 public:
  virtual ~Records() = default;

  virtual const v1::Agency* FindAgency(absl::string_view name) const = 0;
  virtual const v1::AliasRecord* FindAlias(absl::string_view name) const = 0;
  virtual const v1::Request* FindRequest(absl::string_view name) const = 0;
  virtual const v1::ExternalRecord* FindExternal(absl::string_view name) const = 0;
  // Last number given out in a series; 0: none.
  virtual int64_t LastNumber(absl::string_view series) const = 0;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_RECORDS_H_
