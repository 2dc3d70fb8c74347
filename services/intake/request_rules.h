#ifndef SERVICES_INTAKE_REQUEST_RULES_H_
#define SERVICES_INTAKE_REQUEST_RULES_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "critac/intake/v1/request.pb.h"
#include "services/intake/catalog_view.h"
#include "services/intake/field_problems.h"

// What a request and a scope must be. Pure. Fields kept in the vault hold references here, so that
// only their presence counts.
namespace critac::intake {

// Puts what an asker wrote into the form it is kept in: a consent without a time is dated `now`;
// where the catalog has one program only, the request is made under it.
void NormalizeRequest(v1::Request& request, absl::Time now, const CatalogView& catalog);

// What is wrong with a request as written down, be it a draft: a title missing, the asking agency
// also co-served, a consent from after `now`, a program not said where there are several.
FieldProblems CheckWritten(const v1::Request& request, absl::Time now, const CatalogView& catalog);

// What is missing before a request can be sent to the center: every field, not the first.
FieldProblems MissingForSubmission(const v1::Request& request);

// The same, and that the day it is needed by has not passed on `day`.
FieldProblems CheckSubmission(const v1::Request& request, absl::CivilDay day);

// Whether topics, delivery types, initiatives and program are in the catalog and can be used on
// `day`. What `before` (may be null) names already is not looked at again: a topic that was retired
// since stays on the requests that have it. NOT_FOUND, or FAILED_PRECONDITION; see CatalogView.
absl::Status CheckReferences(const v1::Request& request, const v1::Request* before,
                             absl::CivilDay day, const CatalogView& catalog);

// Puts a scope into the form it is kept in: slots without an id get the next of s1, s2, …; no
// people means one.
void NormalizeScope(v1::Scope& scope);

// What is wrong with a normalized scope that is recorded on `day`: no slot, a date after that day,
// ids said twice, windows that end before they begin or before that day, an expert to come on site
// for help by wire. Paths are below the scope.
FieldProblems CheckScope(const v1::Scope& scope, absl::CivilDay day, const CatalogView& catalog);

// Whether the slots' topics and delivery types are in the catalog and can be used on `day`.
absl::Status CheckScopeReferences(const v1::Scope& scope, absl::CivilDay day,
                                  const CatalogView& catalog);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_RULES_H_
