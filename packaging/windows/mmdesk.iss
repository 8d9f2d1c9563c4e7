; The installer for Windows 10 and newer, 64 bit, by Inno Setup 6.3 or newer:
;   iscc /DVersion=1.2.3 /DFolder=C:\path\to\frozen\mmdesk /DOut=dist packaging\windows\mmdesk.iss
; For one user and without an administrator; silently with /VERYSILENT /SUPPRESSMSGBOXES /NORESTART.
; To sign, name a tool to iscc (/Ssigntool="signtool sign ... $f") and add /DSigned.
#ifndef Version
  #error Say which version: /DVersion=1.2.3
#endif
#ifndef Folder
  #error Say where the frozen folder is: /DFolder=...
#endif
#ifndef Out
  #define Out "dist"
#endif

[Setup]
AppId={{6E0B7C52-5B0F-4C0E-9C1D-3B0B8F1E7A41}
AppName=mmdesk
AppVersion={#Version}
AppVerName=mmdesk {#Version}
VersionInfoVersion={#Version}
DefaultDirName={autopf}\mmdesk
DefaultGroupName=mmdesk
DisableProgramGroupPage=yes
DisableDirPage=auto
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0
ChangesAssociations=yes
CloseApplications=yes
RestartApplications=no
Compression=lzma2/max
SolidCompression=yes
LZMAUseSeparateProcess=yes
OutputDir={#Out}
OutputBaseFilename=mmdesk-{#Version}-windows-x64-setup
UninstallDisplayIcon={app}\mmdesk.exe
UninstallDisplayName=mmdesk
WizardStyle=modern
#ifdef Signed
SignTool=signtool
SignedUninstaller=yes
#endif

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.CaseFile=mmdesk case
de.CaseFile=mmdesk-Fall

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[InstallDelete]
; What an older version brought and this one does not. Cases and settings never lie here.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Folder}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\mmdesk"; Filename: "{app}\mmdesk.exe"
Name: "{autodesktop}\mmdesk"; Filename: "{app}\mmdesk.exe"; Tasks: desktopicon

[Registry]
; HKA is the user's own part of the registry, since no administrator is needed.
Root: HKA; Subkey: "Software\Classes\.mmcase"; ValueType: string; ValueData: "mmdesk.case"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\mmdesk.case"; ValueType: string; ValueData: "{cm:CaseFile}"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\mmdesk.case\DefaultIcon"; ValueType: string; ValueData: "{app}\mmdesk.exe,0"
Root: HKA; Subkey: "Software\Classes\mmdesk.case\shell\open\command"; ValueType: string; ValueData: """{app}\mmdesk.exe"" ""%1"""

[Run]
Filename: "{app}\mmdesk.exe"; Description: "{cm:LaunchProgram,mmdesk}"; Flags: nowait postinstall skipifsilent

; The uninstaller removes what was installed, and nothing else: cases lie where the user made them, settings, the signing
; key and the log in the user's AppData.
