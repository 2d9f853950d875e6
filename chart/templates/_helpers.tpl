{{- define "daps.selector" -}}
app.kubernetes.io/name: daps
app.kubernetes.io/component: webhook
{{- end }}

{{- define "daps.labels" -}}
{{ include "daps.selector" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: daps
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "daps.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What the webhook reads from DAPS_WEBHOOK. Every value of defaults and sidecar goes in under its dotted key. */ -}}
{{- define "daps.webhookConfig" -}}
{{- $chart := dict -}}
{{- range $group := list "defaults" "sidecar" -}}
{{- range $key, $value := index $.Values $group -}}
{{- $_ := set $chart (printf "%s.%s" $group $key) $value -}}
{{- end -}}
{{- end -}}
{{- dict
      "chart" $chart
      "image" (include "daps.image" .)
      "imagePullPolicy" .Values.image.pullPolicy
      "nativeSupported" (semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version)
      "logLevel" .Values.webhook.logLevel
      "port" 8443
      "metricsPort" 8080
      "tlsFolder" "/etc/daps/tls"
    | toJson -}}
{{- end }}
